#include "nodes/model_config.h"

#include <yaml-cpp/yaml.h>

#include <stdexcept>

namespace heddle {

ModelConfig read_model_config(const std::filesystem::path& path) {
  try {
    const YAML::Node params = YAML::LoadFile(path.string())["model"]["params"];
    if (!params) throw std::runtime_error("expected model: params: as in v1-inference.yaml");
    ModelConfig config;
    const YAML::Node parameterization = params["parameterization"];
    config.predicts_v = parameterization && parameterization.as<std::string>() == "v";
    const YAML::Node text_params = params["cond_stage_config"]["params"];
    if (text_params && text_params["layer_idx"]) config.clip_layer = text_params["layer_idx"].as<int>();
    return config;
  } catch (const std::exception& error) {
    throw std::runtime_error("cannot use configuration " + path.string() + ": " + error.what());
  }
}

}  // namespace heddle
