// Resizing for latents: between two cells the channel vector turns along the great circle while its
// length changes evenly (Shoemake 1985, spherical interpolation), so that blends keep the contrast
// that a plain mean would lose.
#pragma once

#include <ATen/core/Tensor.h>

namespace heddle::diffusion {

/// x [B, C, H, W] to [B, C, height, width], first along the width, then along the height. REQUIRES:
/// sizes >= 1.
at::Tensor bislerp(const at::Tensor& x, int64_t width, int64_t height);

}  // namespace heddle::diffusion
