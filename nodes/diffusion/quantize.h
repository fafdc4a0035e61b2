// Pictures in few colours, pixel for pixel as Pillow 13 makes them.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>

#include "nodes/diffusion/heartbeat.h"

namespace heddle::diffusion {

/// A picture [H, W, 3] in 0..1, by way of 8 bits (cut off, not rounded), in at most `colours` (1 to
/// 256) of a palette made for it by median_cut(). `dither`:
///   none              the nearest colour
///   floyd-steinberg   errors are passed on to pixels to the right and below (Floyd and Steinberg
///                     1976)
///   bayer-2, -4, -8, -16   a threshold pattern of that size is added first (Bayer 1973)
/// Throws std::invalid_argument for another way to dither.
at::Tensor quantize(const at::Tensor& picture, int colours, std::string_view dither,
                    const Heartbeat& heartbeat);

}  // namespace heddle::diffusion
