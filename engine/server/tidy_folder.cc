#include "engine/server/tidy_folder.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <algorithm>
#include <system_error>
#include <vector>

namespace heddle::server {
namespace {

namespace fs = std::filesystem;

struct OldFile {
  fs::path path;
  Millis time = 0;
  uint64_t bytes = 0;
};

std::vector<OldFile> files_of(const fs::path& folder) {
  std::vector<OldFile> files;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), last; !error && it != last; it.increment(error)) {
    struct stat about;
    if (::lstat(it->path().c_str(), &about) != 0 || !S_ISREG(about.st_mode)) continue;
    files.push_back({it->path(), Millis(about.st_mtim.tv_sec) * 1000 + about.st_mtim.tv_nsec / 1'000'000,
                     uint64_t(about.st_size)});
  }
  return files;
}

}  // namespace

int tidy_folder(const fs::path& folder, const FolderBounds& bounds, Millis now) {
  if (bounds.age == 0 && bounds.bytes == 0) return 0;
  std::vector<OldFile> files = files_of(folder);
  std::sort(files.begin(), files.end(), [](const OldFile& a, const OldFile& b) { return a.time < b.time; });
  uint64_t total = 0;
  for (const OldFile& file : files) total += file.bytes;
  int removed = 0;
  for (const OldFile& file : files) {
    const bool too_old = bounds.age > 0 && now - file.time > bounds.age;
    const bool too_much = bounds.bytes > 0 && total > bounds.bytes;
    if (!too_old && !too_much) break;
    std::error_code error;
    if (!fs::remove(file.path, error)) {
      spdlog::warn("cannot remove the old file {}: {}", file.path.string(), error.message());
      continue;
    }
    total -= file.bytes;
    ++removed;
  }
  return removed;
}

}  // namespace heddle::server
