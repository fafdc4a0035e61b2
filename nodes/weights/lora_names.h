// What LoRA files call the weights of a model: every program that trains them has its own way. Each
// way is a row of a table (lora_names.cc); the table is run over the names of a model, not over
// those of the file.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "nodes/weights/part.h"

namespace heddle::weights {

enum class LoraSide { kUNet, kText };

struct LoraTarget {
  PartKind part;
  std::string weight;  // network name; "" for one that ComfyUI has and no file and no network
};

/// Every stem that names one of the given weights.
std::unordered_map<std::string, LoraTarget> lora_targets(const PartShapes& model);

/// Which side a key of a LoRA file is meant for, whether or not the model has the weight.
LoraSide side_of_key(std::string_view key);

}  // namespace heddle::weights
