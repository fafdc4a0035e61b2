// Lanczos resizing (Duchon 1979) in 8 bits, to the last bit as the Image.resize of Pillow 13 does
// it.
#pragma once

#include <ATen/core/Tensor.h>

namespace heddle::diffusion {

/// Pictures x [B, C, H, W] in 0..1 to [B, C, height, width], by way of 8 bits a value (cut off, not
/// rounded). A fourth channel is opacity, which weights the colours. REQUIRES: sizes >= 1.
at::Tensor lanczos(const at::Tensor& x, int64_t width, int64_t height);

}  // namespace heddle::diffusion
