// A file as ComfyUI's clients name it: {"filename": "cat_00001_.png", "subfolder": "", "type": "output"}.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "engine/folders.h"

namespace heddle::server {

struct NamedFile {
  std::string filename;  // may end in "[output]", "[input]" or "[temp]", which then counts more than `type`
  std::string type = "output";
  std::string subfolder;
};

/// The folder of a type; null for an unknown one.
const std::filesystem::path* folder_of(const Folders& folders, std::string_view type);

/// The folder `subfolder` in `root`, there or not; `root` itself for "". Nothing if it leads out of it.
std::optional<std::filesystem::path> subfolder_of(const std::filesystem::path& root, std::string_view subfolder);

/// The file, or nothing if there is none of that name. Throws Refusal: 400 for a name that is none and an unknown
/// type, 403 for a subfolder outside.
std::optional<std::filesystem::path> find_named_file(const Folders& folders, NamedFile file);

}  // namespace heddle::server
