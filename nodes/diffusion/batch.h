// Batches of unequal length: one mask for four pictures, two prompts for one.
#pragma once

#include <ATen/core/Tensor.h>

namespace heddle::diffusion {

/// x repeated, or cut, along `dimension` to `count` items. REQUIRES: x has at least one.
at::Tensor repeat_to_batch(const at::Tensor& x, int64_t count, int64_t dimension = 0);

}  // namespace heddle::diffusion
