// LoRA files (Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models"): which weights
// they change, and by how much. Matching is strict where ComfyUI logs and goes on: a change that
// does not fit is an error.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nodes/weights/part.h"

namespace heddle::weights {

/// One change of one weight. Formats join here as further members (LoRA, and LoCon for
/// convolutions, now). Tensors are in the file's type and own their memory.
struct Patch {
  at::Tensor up;    // [out, rank, ...]
  at::Tensor down;  // [rank, in, kernel...]
  at::Tensor mid;   // [rank, rank, kernel...] of a Tucker-decomposed convolution, else undefined
  std::optional<double> alpha;  // none: scale 1
  double strength = 1;
  std::string source;  // "ink.safetensors: lora_unet_..." for messages
};

/// Network name -> changes, in the order of the loaders.
using Patches = std::map<std::string, std::vector<Patch>>;

/// W + sum of strength * alpha / rank * (up @ down), in fp32, the factor formed in double. `weight`
/// fp32, left as it is. A change of another shape but the same number of elements is reshaped;
/// throws FileError naming key and shapes if the number differs.
at::Tensor apply_patches(const at::Tensor& weight, const std::vector<Patch>& patches);

struct LoraMatch {
  std::map<PartKind, Patches> patches;  // strength 1; see with_patches
  size_t matched = 0, total = 0;        // keys of the file
  std::vector<std::string> unmatched;   // keys of the file that no weight answers to
  size_t left_out = 0;                  // keys for a side (U-Net, text) of which no part was given
};

/// Matches every key of a LoRA file to the weights of a model. Parts that are not to be patched are
/// left out of `model`. matched + unmatched + left_out = total. Throws
/// FileError if no key matches, if one matches but does not fit, or if the file is for another
/// family; the text says what the file looks like.
LoraMatch match_lora(const TensorFile& lora, const PartShapes& model);

/// `base` (may be null) followed by `added` at the given strength.
std::shared_ptr<const Patches> with_patches(const std::shared_ptr<const Patches>& base,
                                            const Patches& added, double strength);

}  // namespace heddle::weights
