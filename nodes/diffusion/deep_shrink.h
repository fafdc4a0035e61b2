// Large pictures without repeated subjects: early in the schedule the network's inside is made
// smaller, so that it sees the whole at the size that it was trained for (known as Kohya's deep
// shrink).
#pragma once

#include <string>

#include "nodes/diffusion/unet_hooks.h"

namespace heddle::diffusion {

struct DeepShrink {
  int64_t block = 3;              // input block whose output is made smaller
  double factor = 2;              // by how much; below 1 larger
  float first_sigma = 0, last_sigma = 0;  // between these noise levels
  bool after_skip = true;         // the skip keeps its size
  std::string down = "bicubic", up = "bicubic";  // methods of resize.h
};

/// Features are brought back to the size of the skip that they meet. While sampling throws
/// std::runtime_error if nothing would be left.
UNetHook deep_shrink(const DeepShrink& settings);

}  // namespace heddle::diffusion
