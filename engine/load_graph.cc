#include "engine/load_graph.h"

#include "engine/editor_format.h"
#include "engine/image_file.h"

namespace heddle {
namespace {

void add_problem(LoadedGraph& loaded, std::string kind, std::string message) {
  loaded.problems.push_back(
      {.step = "", .node = "", .socket = "", .kind = std::move(kind), .message = std::move(message)});
}

// What reading needs from outside, and never from the clock or a registry of its own.
struct Surroundings {
  const std::function<Json()>& declarations;
  std::time_t now;
  const ForeignTexts& foreign;
};

void read_editor_format(LoadedGraph& loaded, Json document, const Surroundings& around) {
  EditorOptions options;
  localtime_r(&around.now, &options.now);
  ConvertedGraph converted = convert_editor_graph(document, around.declarations(), options);
  for (Problem& problem : converted.problems) {
    (problem.warning ? loaded.warnings : loaded.problems).push_back(std::move(problem));
  }
  loaded.graph = parse_graph(converted.api, loaded.problems);
  loaded.workflow = std::move(document);
}

void read_document(LoadedGraph& loaded, Json document, const Surroundings& around) {
  if (is_pipeline(document)) {
    loaded.kind = "pipeline";
    loaded.pipeline = parse_pipeline(document, loaded.problems);
  } else if (is_editor_format(document)) {
    loaded.kind = "editor format";
    read_editor_format(loaded, std::move(document), around);
  } else if (document.is_object() && document.contains("prompt") && document["prompt"].is_object() &&
             !document["prompt"].contains("class_type")) {
    loaded.kind = "API format";
    loaded.graph = parse_graph(document["prompt"], loaded.problems);
  } else {
    loaded.kind = "API format";
    loaded.graph = parse_graph(document, loaded.problems);
  }
}

std::optional<Json> parse_text(LoadedGraph& loaded, std::string_view text, const std::string& name) {
  try {
    return parse_json(text);
  } catch (const JsonError& error) {
    add_problem(loaded, "malformed_json", name + ": " + error.what());
    return std::nullopt;
  }
}

const std::string* find_text(const ImageTexts& texts, std::string_view keyword) {
  for (const auto& [key, text] : texts) {
    if (key == keyword) return &text;
  }
  return nullptr;
}

bool read_foreign_text(LoadedGraph& loaded, const ImageTexts& texts, const Surroundings& around) {
  for (const auto& [keyword, read] : around.foreign) {
    const std::string* text = find_text(texts, keyword);
    if (!text) continue;
    ForeignGraph foreign = read(*text);
    for (Problem& problem : foreign.problems) {
      (problem.warning ? loaded.warnings : loaded.problems).push_back(std::move(problem));
    }
    if (loaded.problems.empty()) loaded.graph = parse_graph(foreign.api, loaded.problems);
    return true;
  }
  return false;
}

void read_picture(LoadedGraph& loaded, std::string_view bytes, const std::string& name, const Surroundings& around) {
  ImageTexts texts;
  try {
    texts = read_image_texts(bytes, name);
  } catch (const ImageError& error) {
    return add_problem(loaded, "malformed_picture", error.what());
  }
  const std::string* prompt = find_text(texts, "prompt");
  const std::string* workflow = find_text(texts, "workflow");
  if (prompt) {
    if (auto document = parse_text(loaded, *prompt, name + " (prompt)")) {
      read_document(loaded, std::move(*document), around);
    }
    if (workflow && loaded.workflow.is_null()) {
      if (auto document = parse_text(loaded, *workflow, name + " (workflow)")) loaded.workflow = std::move(*document);
    }
  } else if (workflow) {
    if (auto document = parse_text(loaded, *workflow, name + " (workflow)")) {
      read_document(loaded, std::move(*document), around);
    }
  } else if (!read_foreign_text(loaded, texts, around)) {
    add_problem(loaded, "no_graph",
                name + " is a picture without a workflow in it; only pictures saved with metadata can be run again");
  }
  loaded.kind = "picture";
}

}  // namespace

LoadedGraph load_graph(std::string_view bytes, const std::string& name, const std::function<Json()>& declarations,
                       std::time_t now, const ForeignTexts& foreign) {
  LoadedGraph loaded;
  const Surroundings around{declarations, now, foreign};
  if (looks_like_picture(bytes)) {
    read_picture(loaded, bytes, name, around);
  } else if (auto document = parse_text(loaded, bytes, name)) {
    read_document(loaded, std::move(*document), around);
  }
  return loaded;
}

LoadedGraph load_document(Json document, const std::function<Json()>& declarations, std::time_t now) {
  const ForeignTexts none;
  LoadedGraph loaded;
  read_document(loaded, std::move(document), {declarations, now, none});
  return loaded;
}

}  // namespace heddle
