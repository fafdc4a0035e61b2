// Files below a folder, as lists for clients want them. Links to folders are not followed, and links to files only
// where they stay inside; names that are not UTF-8 cannot be told to anybody and are left out, and so are temporary
// files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::server {

struct ListedFile {
  std::string name;  // relative to the folder, with '/'
  bool is_folder = false;
  uint64_t size = 0;
  double modified = 0, created = 0;  // seconds since 1970; "created" is the last change of the inode, as in Python
};

enum class Depth { kFolder, kTree };

/// Sorted by name; files only for kFolder, folders too for kTree. Empty if there is no such folder.
std::vector<ListedFile> list_files(const std::filesystem::path& folder, Depth depth);

/// Size and times of a file or folder; nothing if there is none. `name` is taken over.
std::optional<ListedFile> about_file(const std::filesystem::path& path, std::string name);

/// Whether a part of the name begins with a dot.
bool is_hidden(std::string_view name);

}  // namespace heddle::server
