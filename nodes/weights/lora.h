// LoRA files (Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models"): which weights
// they change, and by how much. Matching is strict where ComfyUI logs and goes on: a change that
// does not fit is an error.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "nodes/weights/part.h"
#include "nodes/weights/patch.h"

namespace heddle::weights {

struct LoraMatch {
  std::map<PartKind, Patches> patches;  // strength 1
  size_t matched = 0, total = 0;        // keys of the file
  std::vector<std::string> unmatched;   // keys of the file that no weight answers to
  size_t left_out = 0;                  // keys for a side (U-Net, text) of which no part was given
};

/// Matches every key of a LoRA file to the weights of a model. Parts that are not to be patched are
/// left out of `model`. matched + unmatched + left_out = total. Throws
/// FileError if no key matches, if one matches but does not fit, or if the file is for another
/// family; the text says what the file looks like.
LoraMatch match_lora(const TensorFile& lora, const PartShapes& model);

}  // namespace heddle::weights
