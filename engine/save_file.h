// How nodes save files: whole or not at all, never over another, and told to whoever keeps track.
#pragma once

#include <filesystem>

#include "engine/atomic_file.h"
#include "engine/run_context.h"

namespace heddle {

/// As write_new_file(), for a step that runs: false if the name is taken. The folder must exist.
bool save_new_file(const std::filesystem::path& path, const FileContent& content, RunContext& context);

}  // namespace heddle
