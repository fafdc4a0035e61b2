// Where everything is: models, inputs, outputs, graphs to be found by name, the cache.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/cache.h"
#include "engine/cli/options.h"
#include "engine/folders.h"

namespace heddle::cli {

struct Place {
  Folders folders;
  std::filesystem::path data, cache;
  std::vector<std::filesystem::path> model_roots;  // as searched
  std::vector<std::filesystem::path> pipelines;    // folders of NAME.pipeline.json and NAME.json
  std::vector<std::filesystem::path> workflows;    // folders of NAME.json, as ComfyUI saves them
};

/// Looks at folders and makes none. Models: --models, HEDDLE_MODELS, --extra-model-paths, the
/// ComfyUI folder, and last what comes with the program. Throws UsageError for a folder that was
/// named and is not there.
Place find_place(const Options& options);

/// The cache as the flags want it; null with --no-cache. Throws UsageError if its folder cannot be
/// used.
std::unique_ptr<Cache> open_cache(const Options& options, const Place& place,
                                  const ValueReaders& readers);

/// The disk's part of it alone, or null if there is none yet: for verbs that only look.
std::unique_ptr<ResultStore> existing_disk_store(const Options& options, const Place& place,
                                                 const ValueReaders& readers);

}  // namespace heddle::cli
