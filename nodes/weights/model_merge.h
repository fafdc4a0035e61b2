// Merging models weight by weight. What a merge gives is patches: nothing is computed, and nothing
// of the other model read, until a network is built or saved.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nodes/weights/model_file_write.h"

namespace heddle::weights {

/// W * keep + other * add.
struct Mix {
  double keep = 1, add = 0;
};
/// The mix of a weight, by its name in the network.
using MixOf = std::function<Mix(const std::string& name)>;

struct Merge {
  std::shared_ptr<const Patches> patches;  // those of the first part, and the merge behind them
  /// The first convolution, where the two models take another number of channels; it stays the
  /// first model's, as in ComfyUI, so that a difference of two models can be added to an inpainting
  /// model.
  std::vector<std::string> left_alone;
};

/// Every weight of `first` mixed with the same weight of `second`, changes of both included and
/// unrounded. Throws FileError that names both files if one has a weight that the other lacks or
/// has in another shape.
Merge merge_parts(const PartToSave& first, const PartToSave& second, const MixOf& mix);

}  // namespace heddle::weights
