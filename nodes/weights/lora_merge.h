// Several LoRA files made one that changes every model as they do one after the other. Works on the
// stems of the files alone, so no model is needed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nodes/weights/safetensors_write.h"

namespace heddle::weights {

struct LoraToMerge {
  std::shared_ptr<const TensorFile> file;
  double strength = 1;
};

struct MergedLora {
  TensorsToWrite tensors;
  std::vector<std::string> left_out;  // "FILE: KEY" of keys that are no change of a weight
};

/// Without `rank` the factors of a weight are put side by side: exact, and the ranks add up; they
/// keep their type where that loses nothing and are F32 otherwise. With `rank`, a weight that would
/// get more is replaced by the nearest product of that rank, in F16. alpha is the rank throughout,
/// so that the scale is 1. Differences are added.
/// Throws FileError for files of different families or different namings; for a weight whose
/// changes differ in shape; for kinds that no LoRA can stand for since they depend on the weight
/// (DoRA, GLoRA, OFT, BOFT, replacements); and without `rank` for LoHa, LoKr and mixtures.
/// `before_each` is called with the number of weights done and of all.
MergedLora merge_loras(const std::vector<LoraToMerge>& loras, std::optional<int64_t> rank,
                       const std::function<void(int done, int total)>& before_each);

}  // namespace heddle::weights
