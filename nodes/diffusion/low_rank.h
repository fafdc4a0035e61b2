// A change of a matrix that is kept beside it: two thin matrices take the place of a changed copy.
#pragma once

#include <ATen/core/Tensor.h>

namespace heddle::diffusion {

/// Adds scale * up @ down to a weight, by way of what its layer gives: y + scale * up (down x).
struct LowRankTerm {
  at::Tensor down;  // [rank, in], or [rank, in, k, k] of a convolution
  at::Tensor up;    // [out, rank], or [out, rank, 1, 1]
  double scale = 1;
};

}  // namespace heddle::diffusion
