#include "engine/server/named_file.h"

#include "engine/server/refusal.h"
#include "engine/server/safe_path.h"

namespace heddle::server {
namespace fs = std::filesystem;
namespace {

// "cat.png [input]" -> "cat.png" of type "input". The character before the bracket goes with it, whatever it is, as
// in ComfyUI.
void take_annotation(NamedFile& file) {
  for (const char* type : {"output", "input", "temp"}) {
    const std::string suffix = "[" + std::string(type) + "]";
    if (!file.filename.ends_with(suffix)) continue;
    const size_t cut = std::min(suffix.size() + 1, file.filename.size());
    file.filename.resize(file.filename.size() - cut);
    file.type = type;
    return;
  }
}

std::string_view without_last_slash(std::string_view folder) {
  return folder.ends_with('/') ? folder.substr(0, folder.size() - 1) : folder;
}

}  // namespace

const fs::path* folder_of(const Folders& folders, std::string_view type) {
  if (type == "output") return &folders.output;
  if (type == "input") return &folders.input;
  if (type == "temp") return &folders.temp;
  return nullptr;
}

std::optional<fs::path> subfolder_of(const fs::path& root, std::string_view subfolder) {
  if (subfolder.empty()) return root;
  return inside(root, without_last_slash(subfolder));
}

std::optional<fs::path> find_named_file(const Folders& folders, NamedFile file) {
  take_annotation(file);
  const std::string& name = file.filename;
  if (name.empty()) throw Refusal(400, "the file name is empty");
  if (name.starts_with('/') || name.find("..") != std::string::npos) {
    throw Refusal(400, "the file name leads out of its folder; expected a name as \"cat_00001_.png\"");
  }
  const fs::path* root = folder_of(folders, file.type);
  if (root == nullptr) throw Refusal(400, "unknown type \"" + file.type + "\"; expected output, input or temp");
  if (!subfolder_of(*root, file.subfolder)) {
    throw Refusal(403, "the subfolder leads out of the folder of type \"" + file.type + "\"");
  }

  const std::string base = name.substr(name.rfind('/') + 1);
  const std::string folder(without_last_slash(file.subfolder));
  // From the root on: a link may lead to another folder below it.
  const std::optional<fs::path> path = inside(*root, folder.empty() ? base : folder + "/" + base);
  std::error_code error;
  if (!path || !fs::is_regular_file(*path, error)) return std::nullopt;
  return path;
}

}  // namespace heddle::server
