// Where files are: models by kind, inputs, outputs. Names from outside are resolved inside these folders or refused.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heddle {

struct Folders {
  /// "checkpoints", "loras"... -> folders, looked through in this order.
  std::map<std::string, std::vector<std::filesystem::path>, std::less<>> models;
  std::filesystem::path input, output, temp, user;
  std::filesystem::path beside;  // the folder of the graph file; looked through before `input`

  /// Adds DIR/checkpoints, DIR/loras... (ComfyUI's kinds and folder names) behind those known.
  void add_model_root(const std::filesystem::path& root);

  /// Files of a folder ("checkpoints", or "input", "output", "temp"), relative names with '/', sorted by code point.
  std::vector<std::string> list(std::string_view folder) const;

  /// Folders below a folder of models that hold a file of that name, in the same form; "." is the folder itself.
  std::vector<std::string> list_holders(std::string_view folder, std::string_view file_name) const;

  /// The file of that name, or nothing. Names that leave the folder ("../x", "/x") are not found. For "input" the
  /// suffixes " [input]", " [output]" and " [temp]" choose another folder, as in ComfyUI.
  std::optional<std::filesystem::path> find(std::string_view folder, std::string_view name) const;
};

/// Adds what a ComfyUI extra_model_paths.yaml names. Throws std::runtime_error that names file and line.
void add_extra_model_paths(Folders& folders, const std::filesystem::path& yaml);

/// ComfyUI's kinds of models and the folders under models/ that hold them; the order of its /models route.
const std::vector<std::pair<std::string, std::vector<std::string>>>& model_kinds();

}  // namespace heddle
