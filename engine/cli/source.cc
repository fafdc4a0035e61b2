#include "engine/cli/source.h"

#include <algorithm>
#include <ctime>
#include <iostream>
#include <iterator>
#include <set>

#include "engine/atomic_file.h"
#include "engine/check.h"
#include "engine/file_hashes.h"
#include "engine/object_info.h"

namespace heddle::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPipelineEnd = ".pipeline.json", kGraphEnd = ".json";

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error) && !fs::is_directory(path, error);  // a pipe will do
}

// A checkpoint, say, that would be read whole to find that it is none.
bool is_too_large(const fs::path& path) {
  std::error_code error;
  const uintmax_t size = fs::file_size(path, error);
  return !error && size > kMaxJsonBytes;
}

// A name is looked up in several folders and must not lead out of them.
bool stays_inside(const fs::path& name) {
  return name.is_relative() && std::find(name.begin(), name.end(), "..") == name.end();
}

// FOLDER/NAME+END, the first that is there.
std::optional<fs::path> find_below(const std::vector<fs::path>& folders, const std::string& name,
                                   std::initializer_list<std::string_view> ends) {
  if (name.empty() || !stays_inside(name)) return std::nullopt;
  for (const fs::path& folder : folders) {
    for (const std::string_view end : ends) {
      const fs::path path = folder / (name + std::string(end));
      if (is_file(path)) return path;
    }
  }
  return std::nullopt;
}

void list_names(const fs::path& folder, std::set<std::string>& names) {
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), last; !error && it != last;
       it.increment(error)) {
    std::string name = it->path().lexically_relative(folder).generic_string();
    if (!name.ends_with(kGraphEnd)) continue;
    name.resize(name.size() - (name.ends_with(kPipelineEnd) ? kPipelineEnd : kGraphEnd).size());
    names.insert(name);
  }
}

Json parse_json_file(const fs::path& file) {
  try {
    return parse_json(read_or_refuse(file));
  } catch (const JsonError& error) {
    throw UsageError(file.string() + ": " + error.what());
  }
}

ForeignTexts foreign_texts(const Registry& registry, const Folders& folders, FileHashes& hashes) {
  ForeignTexts readers;
  for (const auto& entry : registry.picture_texts()) {
    readers[entry.first] = [read = entry.second, &folders, &hashes](const std::string& text) {
      return read(text, folders, hashes);
    };
  }
  return readers;
}

LoadedGraph with_missing_nodes_named(LoadedGraph loaded, const Registry& registry) {
  name_missing_nodes(loaded.problems, registry);
  return loaded;
}

}  // namespace

std::optional<fs::path> find_graph_file(const std::string& name, const Place& place) {
  if (is_file(name)) return name;
  if (auto path = find_below(place.pipelines, name, {kPipelineEnd, kGraphEnd})) return path;
  return find_below(place.workflows, name, {"", kGraphEnd});
}

std::vector<std::string> graph_names(const Place& place) {
  std::set<std::string> names;
  for (const fs::path& folder : place.pipelines) list_names(folder, names);
  for (const fs::path& folder : place.workflows) list_names(folder, names);
  return {names.begin(), names.end()};
}

std::string read_or_refuse(const fs::path& file) {
  std::error_code error;
  if (fs::is_directory(file, error)) throw UsageError(file.string() + " is a folder, not a file");
  if (!fs::exists(file, error)) throw UsageError("there is no file " + file.string());
  try {
    return read_file(file);
  } catch (const std::runtime_error& problem) {
    throw UsageError(problem.what());
  }
}

Source read_source(const std::string& name, Place& place, const Registry& registry,
                   const std::string& declarations) {
  const auto declared = [&] {
    return declarations.empty() ? object_info(registry, place.folders)
                                : parse_json_file(declarations);
  };
  FileHashes hashes(place.cache / "file_hashes");
  const ForeignTexts foreign = foreign_texts(registry, place.folders, hashes);
  if (name == "-") {
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    LoadedGraph loaded = load_graph(text, "standard input", declared, std::time(nullptr), foreign);
    return {with_missing_nodes_named(std::move(loaded), registry), {}};
  }
  const auto file = find_graph_file(name, place);
  std::error_code error;
  if (!file && fs::is_directory(name, error)) throw UsageError(name + " is a folder, not a graph");
  if (!file) {
    throw UsageError("there is no graph " + name + did_you_mean(name, graph_names(place)) +
                     "; give a file, or a name that `heddle pipelines` lists");
  }
  if (is_too_large(*file)) throw UsageError(file->string() + " is too large for a graph");
  place.folders.beside = fs::absolute(*file).parent_path();
  LoadedGraph loaded =
      load_graph(read_or_refuse(*file), file->string(), declared, std::time(nullptr), foreign);
  return {with_missing_nodes_named(std::move(loaded), registry), *file};
}

std::optional<Pipeline> peek_pipeline(const std::string& name, const Place& place) {
  const auto file = find_graph_file(name, place);
  std::error_code error;
  // Only what can be read twice. Anything else is not looked into before its turn.
  if (!file || !fs::is_regular_file(*file, error) || is_too_large(*file)) return std::nullopt;
  const std::string text = read_or_refuse(*file);
  if (text.find("\"pipeline/") == std::string::npos) return std::nullopt;
  try {
    const Json document = parse_json(text);
    Problems reported_later;
    if (is_pipeline(document)) return parse_pipeline(document, reported_later);
  } catch (const JsonError&) {
    // Reported, with its place in the file, when the graph is read.
  }
  return std::nullopt;
}

FindPipeline pipeline_finder(const Place& place) {
  return [&place](const std::string& name) -> std::optional<Json> {
    const auto path = find_below(place.pipelines, name, {kPipelineEnd, kGraphEnd});
    if (!path) return std::nullopt;
    return parse_json_file(*path);
  };
}

}  // namespace heddle::cli
