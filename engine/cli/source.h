// The graph that a verb is about: found by path or name, read, and, with pipelines in it, made
// plain.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/cli/place.h"
#include "engine/load_graph.h"

namespace heddle::cli {

struct Source {
  LoadedGraph loaded;
  std::filesystem::path file;  // "" for standard input
};

/// The file that `name` means: a path, or the name of a pipeline or a saved workflow.
std::optional<std::filesystem::path> find_graph_file(const std::string& name, const Place& place);

/// Reads it; "-" is standard input. Files that LoadImage and kin name are looked for beside it from
/// now on. `declarations` are what /object_info of another program gives, or "" for this one's.
/// Throws UsageError if there is nothing to read.
Source read_source(const std::string& name, Place& place, const Registry& registry,
                   const std::string& declarations = "");

/// The pipeline of that path or name, or nothing, whatever may be wrong with it.
std::optional<Pipeline> peek_pipeline(const std::string& name, const Place& place);

/// Names that find_graph_file() knows, sorted.
std::vector<std::string> graph_names(const Place& place);

/// A pipeline's document by name, for steps of type `Pipeline/NAME`.
FindPipeline pipeline_finder(const Place& place);

/// As read_file, with UsageError for what is missing, a folder or not readable.
std::string read_or_refuse(const std::filesystem::path& file);

}  // namespace heddle::cli
