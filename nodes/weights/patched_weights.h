// Weights with changes on top, in one of two ways that give the same picture. Merged: the change is
// computed into a copy of the weight, as ComfyUI does. Beside: the layer adds the change to what it
// gives, and the weight itself stays shared with every other network of the same file, so that a
// LoRA costs its own size and a change of its strength reads nothing again.
#pragma once

#include <memory>
#include <vector>

#include "nodes/diffusion/weights.h"
#include "nodes/weights/part_weights.h"
#include "nodes/weights/patch.h"

namespace heddle::weights {

enum class Placement {
  kBySize,  // beside where that is small and quick, else merged
  kMerged,
  kBeside,  // wherever it is possible
};

/// Whether the changes of a weight of shape `weight` are to be computed beside it: plain LoRAs and
/// LoCons whose matrices, all together, have at most a quarter of the weight's elements, so that
/// they cost at most a quarter of the layer's work. Depends on nothing but shapes and kinds: the
/// same graph always gives the same bytes.
bool goes_beside(const std::vector<Patch>& patches, const std::vector<int64_t>& weight,
                 Placement placement);

/// `base` with changes. Tensors without any are those of `base` itself. What is merged is rounded to
/// fp16 once more for kFp16, as ComfyUI keeps text encoders; patched weights of fp8 stay in fp32.
/// `patches` may be null. Its get() throws FileError if a patch does not fit.
std::shared_ptr<const diffusion::Weights> patched_weights(
    std::shared_ptr<const diffusion::Weights> base, std::shared_ptr<const Patches> patches,
    Rounding rounding, Placement placement);

/// What the changes add to the memory of `base`: their own tensors, and copies of the weights that
/// they are merged into.
size_t added_bytes(const diffusion::Weights& base, const Patches& patches, Placement placement);

}  // namespace heddle::weights
