// Keeps a folder of files within bounds of age and size: the oldest go first.
#pragma once

#include <cstdint>
#include <filesystem>

#include "engine/jobs/job_record.h"

namespace heddle::server {

struct FolderBounds {
  Millis age = 0;      // older files go; 0: no bound
  uint64_t bytes = 0;  // of all files; 0: no bound
};

/// Removes files, also in folders below; symbolic links are not followed. What cannot be removed is left, with a warning
/// in the log. Gives how many went.
int tidy_folder(const std::filesystem::path& folder, const FolderBounds& bounds, Millis now);

}  // namespace heddle::server
