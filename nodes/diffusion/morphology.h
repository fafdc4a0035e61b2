// Growing and shrinking what is bright: grey-scale dilation and erosion (Serra 1982) with flat
// shapes. What is outside of the picture does not count.
#pragma once

#include <ATen/core/Tensor.h>

#include "nodes/diffusion/heartbeat.h"

namespace heddle::diffusion {

/// The largest value within a box of `size` x `size` around each place of x [..., H, W]; a box of
/// even size reaches one further up and left. In log(size) passes.
at::Tensor dilate_box(const at::Tensor& x, int64_t size);
/// The smallest one.
at::Tensor erode_box(const at::Tensor& x, int64_t size);

/// `steps` times the largest value of each place of x [..., H, W] and its four neighbours, so that
/// corners grow as diamonds.
at::Tensor dilate_diamond(const at::Tensor& x, int64_t steps, const Heartbeat& heartbeat);

}  // namespace heddle::diffusion
