// The low spatial frequencies of an image, which patches make stronger or weaker. Instead of a Fourier
// transform of everything only the window is computed, as a product with a projection along each
// axis: exact to rounding, and the same bytes on any number of threads.
#pragma once

#include <ATen/core/Tensor.h>

namespace heddle::diffusion {

/// The part of x [B, C, H, W] with frequencies -height <= f < height vertically and -width <= f <
/// width horizontally (in periods per image); of a frequency whose conjugate is outside of the window
/// the real part.
at::Tensor low_frequencies(const at::Tensor& x, int64_t height, int64_t width);

}  // namespace heddle::diffusion
