// LoRA files (Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models"): which weights
// they change, and by how much. Matching is strict where ComfyUI logs and goes on.
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
  std::vector<std::string> misfits;     // "KEY: [48, 4] x [4, 40] does not fit a weight of ..."
  size_t misfit_keys = 0;               // keys of such changes
  size_t left_out = 0;                  // keys for a side (U-Net, text) of which no part was given
};

/// Matches every key of a LoRA file to the weights of a model. Parts that are not to be patched are
/// left out of `model`. matched + unmatched + misfit_keys + left_out = total. A few changes that do
/// not fit are left out and listed. Throws FileError if no key matches, if most changes do not fit,
/// if one is damaged (half of it missing, not finite, of rank 0), or if the file is for another
/// family; the text says what the file looks like.
LoraMatch match_lora(const TensorFile& lora, const PartShapes& model);

}  // namespace heddle::weights
