// The folders of models as ComfyUI's routes show them: its keys in its order, the names they had before, and each
// folder by its place in the list.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/folders.h"

namespace heddle::server {

/// ComfyUI's keys in its order, "custom_nodes" among them, and behind them those that only this server has.
std::vector<std::string> model_keys(const Folders& folders);

/// Whether model_keys() has it. The older names "unet" and "clip" are no keys.
bool is_model_key(const Folders& folders, std::string_view key);

/// The folders of a key, those that are not there included; none for an unknown key.
const std::vector<std::filesystem::path>& model_roots(const Folders& folders, std::string_view key);

/// The names of the files in one folder of a key, sorted.
std::vector<std::string> models_in(const std::filesystem::path& root, const std::string& key);

/// The file `name` in one folder of a key.
std::optional<std::filesystem::path> model_in(const std::filesystem::path& root, const std::string& key,
                                              const std::string& name);

/// The file in the first folder of a key that has it. "unet" and "clip" are understood.
std::optional<std::filesystem::path> find_model(const Folders& folders, std::string_view key, const std::string& name);

}  // namespace heddle::server
