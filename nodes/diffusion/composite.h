// One picture, or latent, laid over another.
#pragma once

#include <ATen/core/Tensor.h>

namespace heddle::diffusion {

/// A place in cells; may be outside of what is laid over.
struct Place {
  int64_t x = 0, y = 0;
};

/// `source` [b, C, h, w] over `destination` [B, C, H, W] with its upper left corner at `at`, as far
/// as they overlap; `mask`, undefined or [m, 1, h', w'], is resized to the source: 1 shows it, 0
/// keeps what was there. Batches are repeated to that of the destination. REQUIRES: equal channels.
at::Tensor composite(const at::Tensor& destination, const at::Tensor& source, Place at,
                     const at::Tensor& mask);

/// The weight [1, 1, h, w] of a piece of h x w cells at `at` in a latent of H x W, rising evenly
/// over `feather` cells along the edges that are inside of it.
at::Tensor feathered_mask(int64_t h, int64_t w, Place at, int64_t H, int64_t W, int64_t feather);

}  // namespace heddle::diffusion
