// Filters for latents that act on the length of each cell's channel vector, so that colours stay.
#pragma once

#include <ATen/core/Tensor.h>

namespace heddle::diffusion {

/// Compresses long vectors of x [B, C, H, W] (Reinhard et al. 2002, "Photographic Tone
/// Reproduction"): white is five standard deviations above the mean length, times `multiplier`.
at::Tensor tonemap_reinhard(const at::Tensor& x, double multiplier);

/// Sharpens the directions of the vectors; their lengths stay. See sharpening_kernel(). Throws
/// std::runtime_error where the radius is too large for x.
at::Tensor sharpen_directions(const at::Tensor& x, int64_t radius, double sigma, double alpha);

}  // namespace heddle::diffusion
