#include "engine/server/listing.h"

#include <sys/stat.h>

#include <algorithm>

#include "engine/server/safe_path.h"
#include "engine/text_encoding.h"

namespace heddle::server {
namespace fs = std::filesystem;
namespace {

constexpr int kMaxDepth = 64;

double seconds(const timespec& time) { return double(time.tv_sec) + double(time.tv_nsec) * 1e-9; }

bool is_temporary(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with(".heddle-") && name.ends_with(".tmp");
}

}  // namespace

std::optional<ListedFile> about_file(const fs::path& path, std::string name) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return ListedFile{.name = std::move(name),
                    .is_folder = S_ISDIR(status.st_mode),
                    .size = uint64_t(status.st_size),
                    .modified = seconds(status.st_mtim),
                    .created = seconds(status.st_ctim)};
}

std::vector<ListedFile> list_files(const fs::path& folder, Depth depth) {
  std::vector<ListedFile> files;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error), end;
  for (; !error && at != end; at.increment(error)) {
    const fs::path& path = at->path();
    std::error_code gone;  // what disappears meanwhile is left out
    const bool is_link = at->is_symlink(gone);
    const bool is_folder = at->is_directory(gone);
    if (is_folder && (depth == Depth::kFolder || at.depth() >= kMaxDepth)) at.disable_recursion_pending();
    if (is_folder && (is_link || depth == Depth::kFolder)) continue;
    if (!is_folder && !at->is_regular_file(gone)) continue;
    std::string name = path.lexically_relative(folder).generic_string();
    if (!is_utf8(name) || is_temporary(path) || (is_link && !inside(folder, name, Hidden::kAllowed))) continue;
    if (std::optional<ListedFile> file = about_file(path, std::move(name))) files.push_back(std::move(*file));
  }
  std::sort(files.begin(), files.end(), [](const ListedFile& a, const ListedFile& b) { return a.name < b.name; });
  return files;
}

bool is_hidden(std::string_view name) { return name.starts_with('.') || name.find("/.") != std::string_view::npos; }

}  // namespace heddle::server
