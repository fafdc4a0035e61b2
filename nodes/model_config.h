// The configuration files (YAML) that early checkpoints came with.
#pragma once

#include <filesystem>
#include <optional>

namespace heddle {

struct ModelConfig {
  bool predicts_v = false;
  std::optional<int> clip_layer;  // -2: the layer before the last...
};

/// Throws std::runtime_error that names the file and what is wrong.
ModelConfig read_model_config(const std::filesystem::path& path);

}  // namespace heddle
