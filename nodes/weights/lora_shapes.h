// Whether a change fits the weight it is for, by shapes alone: asked of a whole file before
// anything is computed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace heddle::weights {

struct LoraShapes {
  std::vector<int64_t> up, down, mid;  // mid: empty if there is none
};

/// What is wrong, with all the shapes ("[48, 4] x [4, 40] does not fit a weight of [32, 128]"), or
/// nothing. Equal numbers of elements fit.
std::optional<std::string> misfit(const LoraShapes& shapes, const std::vector<int64_t>& weight);

}  // namespace heddle::weights
