// heddle inspect: what a checkpoint, a LoRA or a picture is.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "engine/cli/json_events.h"
#include "engine/cli/place.h"
#include "engine/cli/source.h"
#include "engine/cli/terminal.h"
#include "engine/cli/verbs.h"
#include "engine/image_file.h"

namespace heddle::cli {
namespace {

namespace fs = std::filesystem;

// Texts that are JSON, as a picture's prompt is, are shown as such.
Json parsed_or_text(const std::string& text) {
  try {
    return parse_json(text);
  } catch (const JsonError&) {
    return text;
  }
}

Json inspect_picture(const fs::path& file) {
  const std::string bytes = read_or_refuse(file);
  const std::vector<Picture> frames = read_pictures_from(bytes, file.string());
  Json texts = Json::object();
  Json record = nullptr;
  for (const auto& [keyword, text] : read_image_texts(bytes, file.string())) {
    texts[keyword] = text.size();
    if (keyword == "heddle") record = parsed_or_text(text);
  }
  return {{"kind", "picture"},
          {"width", frames.at(0).width},
          {"height", frames.at(0).height},
          {"channels", frames.at(0).channels},
          {"depth", frames.at(0).depth},
          {"frames", frames.size()},
          {"bytes", bytes.size()},
          {"texts", std::move(texts)},
          {"heddle", std::move(record)}};
}

// A path, or the name of a model.
fs::path find_subject(const Options& options) {
  if (fs::exists(options.subject)) return options.subject;
  const Place place = find_place(options);
  for (const auto& [kind, roots] : place.folders.models) {
    if (const auto path = place.folders.find(kind, options.subject)) return *path;
  }
  throw UsageError("there is no file " + options.subject +
                   ", and no model of that name; `heddle models` lists them");
}

bool is_picture(const fs::path& file) {
  constexpr size_t kEnough = 32;
  std::ifstream in(file, std::ios::binary);
  std::string start(kEnough, '\0');
  in.read(start.data(), std::streamsize(start.size()));
  start.resize(size_t(in.gcount()));
  return looks_like_picture(start);
}

std::string plain_text(const Json& value) {
  return printable(value.is_string() ? value.get<std::string>() : dump_python(value));
}

// `name: value` a line, indented by level; no deeper than what is inspected has.
void print_facts(const Json& facts, const std::string& indent) {
  for (const auto& [name, value] : facts.items()) {
    if (value.is_null()) continue;
    std::cout << indent << printable(name) << ": ";
    if (name == "bytes" && value.is_number_unsigned()) {
      std::cout << size_text(value.get<uint64_t>()) << '\n';
    } else if (value.is_object() && !value.empty() && indent.size() < 8) {
      std::cout << '\n';
      print_facts(value, indent + "  ");
    } else if (value.is_array() && !value.empty()) {
      std::cout << '\n';
      for (const Json& item : value) std::cout << indent << "  " << plain_text(item) << '\n';
    } else {
      std::cout << plain_text(value) << '\n';
    }
  }
}

Json inspect_file(const fs::path& file, const Program& program) {
  try {
    return is_picture(file) ? inspect_picture(file) : program.backend.inspect(file);
  } catch (const UsageError&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw UsageError(error.what());
  }
}

int inspect(const Options& options, const Program& program) {
  if (options.subject.empty()) {
    throw UsageError("inspect needs a file: a checkpoint, a LoRA or a picture");
  }
  const fs::path file = find_subject(options);
  if (fs::is_directory(file)) throw UsageError(file.string() + " is a folder, not a file");
  const Json facts = inspect_file(file, program);
  if (options.json) {
    write_json_line(std::cout, facts);
  } else {
    std::cout << "file: " << file.string() << '\n';
    print_facts(facts, "");
  }
  return kDone;
}

}  // namespace

const Verb& inspect_verb() {
  static const Verb kVerb{
      .name = "inspect",
      .summary = "says what a checkpoint, a LoRA or a picture is",
      .subject = "FILE",
      .subject_help = "a model file or its name, or a picture",
      .examples = {"heddle inspect pocket.safetensors", "heddle inspect output/picture.png --json"},
      .run = inspect};
  return kVerb;
}

}  // namespace heddle::cli
