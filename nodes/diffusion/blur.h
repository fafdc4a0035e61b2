// Gaussian blur and its opposite, for pictures and latents.
#pragma once

#include <ATen/core/Tensor.h>

namespace heddle::diffusion {

/// Weights [2r + 1, 2r + 1] of sum 1; `sigma` is in units of the radius, not in pixels: at 1 the
/// edge of the kernel has exp(-1/2) of its middle.
at::Tensor gaussian_kernel(int64_t radius, double sigma);

/// What a kernel that sharpens by `alpha` adds to a picture, as one kernel: ten times alpha of the
/// difference to the blurred picture.
at::Tensor sharpening_kernel(int64_t radius, double sigma, double alpha);

/// Each channel of x [B, C, H, W] under the kernel, mirrored at its edges. Throws
/// std::runtime_error where x is too small to be mirrored that far: its sides must be longer than
/// the radius.
at::Tensor filter(const at::Tensor& x, const at::Tensor& kernel);

}  // namespace heddle::diffusion
