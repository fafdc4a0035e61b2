// Sums over latents in a fixed order and in double, where ATen's depend on the number of threads:
// what guidance makes of norms and angles must be the same bytes everywhere.
#pragma once

#include <ATen/core/Tensor.h>

namespace heddle::diffusion {

/// Sum of a * b over each picture: fp32 [B, C, H, W] to fp64 [B, 1, 1, 1].
at::Tensor dot_by_picture(const at::Tensor& a, const at::Tensor& b);

/// Length of each picture as a vector, fp64 [B, 1, 1, 1].
at::Tensor norm_by_picture(const at::Tensor& x);

/// Sample standard deviation (n - 1) of each picture, fp64 [B, 1, 1, 1].
at::Tensor deviation_by_picture(const at::Tensor& x);

/// Sum of a * b over the channels of each cell: fp32 [B, C, H, W] to fp64 [B, 1, H, W].
at::Tensor dot_by_cell(const at::Tensor& a, const at::Tensor& b);

/// Mean over the channels of each cell, fp64 [B, 1, H, W].
at::Tensor mean_by_cell(const at::Tensor& x);

}  // namespace heddle::diffusion
