// LoRA files (Hu et al. 2021): which weights they change, and by how much.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <optional>
#include <vector>

#include "nodes/weights/safetensors.h"

namespace heddle::weights {

/// One change of one weight. Formats join here as further members (kohya's LoRA and LoCon now).
struct Patch {
  at::Tensor up, down, mid;       // mid: undefined unless a Tucker-decomposed convolution
  std::optional<double> alpha;    // none: scale 1
  double strength = 1;
  std::string source;             // "ink.safetensors: lora_unet_..." for messages
};

/// Network name -> changes, in the order of the loaders.
using Patches = std::map<std::string, std::vector<Patch>>;

/// W + sum of strength * alpha / rank * (up @ down), in fp32. `weight` fp32. Throws FileError naming key and shapes
/// if a change has the wrong number of elements.
at::Tensor apply_patches(const at::Tensor& weight, const std::vector<Patch>& patches);

struct LoraMatch {
  Patches unet, text;                  // strength 1; see with_strength
  size_t matched = 0, total = 0;       // keys of the file
  std::vector<std::string> unmatched;  // keys of the file that no weight answers to
};

/// Matches every key of a LoRA file to the weights of a model. `unet_names` and `text_names` are network names with
/// their shapes. Throws FileError if no key matches (telling the family the file looks like) or shapes do not fit.
using NamesAndShapes = std::map<std::string, std::vector<int64_t>>;
LoraMatch match_lora(const TensorFile& lora, const NamesAndShapes& unet, const NamesAndShapes& text);

/// `base` followed by `added` at the given strength.
std::shared_ptr<const Patches> with_patches(const std::shared_ptr<const Patches>& base, const Patches& added,
                                            double strength);

}  // namespace heddle::weights
