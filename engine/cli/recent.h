// What the last run of a graph file was, so that `explain` can say what has changed since.
#pragma once

#include <filesystem>

#include "engine/json.h"

namespace heddle::cli {

/// CACHE/recent/HASH.json, the hash that of the file's absolute path.
std::filesystem::path recent_file(const std::filesystem::path& cache,
                                  const std::filesystem::path& graph);

/// `run` as describe_run() gives it. A disk that refuses is a line in the log: the run itself went
/// well.
void remember_run(const std::filesystem::path& cache, const std::filesystem::path& graph,
                  const Json& run);

/// Null if there was none, or if the record is damaged (a line in the log).
Json last_run(const std::filesystem::path& cache, const std::filesystem::path& graph);

}  // namespace heddle::cli
