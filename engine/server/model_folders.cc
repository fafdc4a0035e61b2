#include "engine/server/model_folders.h"

#include <algorithm>

namespace heddle::server {
namespace fs = std::filesystem;
namespace {

Folders only(const fs::path& root, const std::string& key) {
  Folders folders;
  folders.models[key] = {root};
  return folders;
}

std::string_view newer_name(std::string_view key) {
  if (key == "unet") return "diffusion_models";
  if (key == "clip") return "text_encoders";
  return key;
}

}  // namespace

std::vector<std::string> model_keys(const Folders& folders) {
  std::vector<std::string> keys;
  for (const auto& [kind, names] : model_kinds()) {
    keys.push_back(kind);
    if (kind == "upscale_models") keys.push_back("custom_nodes");
  }
  for (const auto& [kind, roots] : folders.models) {
    if (std::find(keys.begin(), keys.end(), kind) == keys.end()) keys.push_back(kind);
  }
  return keys;
}

bool is_model_key(const Folders& folders, std::string_view key) {
  const std::vector<std::string> keys = model_keys(folders);
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

const std::vector<fs::path>& model_roots(const Folders& folders, std::string_view key) {
  static const std::vector<fs::path> kNone;
  const auto found = folders.models.find(key);
  return found == folders.models.end() ? kNone : found->second;
}

std::vector<std::string> models_in(const fs::path& root, const std::string& key) { return only(root, key).list(key); }

std::optional<fs::path> model_in(const fs::path& root, const std::string& key, const std::string& name) {
  return only(root, key).find(key, name);
}

std::optional<fs::path> find_model(const Folders& folders, std::string_view key, const std::string& name) {
  return folders.models.contains(newer_name(key)) ? folders.find(newer_name(key), name) : std::nullopt;
}

}  // namespace heddle::server
