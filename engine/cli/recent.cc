#include "engine/cli/recent.h"

#include <spdlog/spdlog.h>

#include <stdexcept>

#include "engine/atomic_file.h"
#include "engine/key.h"

namespace heddle::cli {

namespace fs = std::filesystem;

fs::path recent_file(const fs::path& cache, const fs::path& graph) {
  std::error_code error;
  const fs::path absolute = fs::weakly_canonical(fs::absolute(graph), error);
  Hasher hasher;
  hasher.add(error ? fs::absolute(graph).string() : absolute.string());
  return cache / "recent" / (hasher.finish().hex() + ".json");
}

void remember_run(const fs::path& cache, const fs::path& graph, const Json& run) {
  if (graph.empty()) return;  // standard input has no name to remember it by
  try {
    const fs::path file = recent_file(cache, graph);
    fs::create_directories(file.parent_path());
    write_file_atomically(file, dump_python(run));
  } catch (const std::runtime_error& error) {
    spdlog::warn("the record of this run for `explain` could not be kept: {}", error.what());
  }
}

Json last_run(const fs::path& cache, const fs::path& graph) {
  if (graph.empty()) return nullptr;
  const fs::path file = recent_file(cache, graph);
  if (!fs::exists(file)) return nullptr;
  try {
    return parse_json(read_file(file));
  } catch (const std::runtime_error& error) {
    spdlog::warn("the record of the last run is not readable: {}", error.what());
    return nullptr;
  }
}

}  // namespace heddle::cli
