// Resizing as ComfyUI's nodes do it, for latents and pictures.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>
#include <vector>

namespace heddle::diffusion {

/// nearest-exact, bilinear, area, bicubic, bislerp (for latents) and lanczos (for pictures, in 8 bits as Pillow).
/// x [B, C, H, W] to [B, C, height, width]; `center` cuts to the new aspect ratio first.
/// REQUIRES: width, height >= 1.
at::Tensor resize(const at::Tensor& x, std::string_view method, int64_t width, int64_t height, bool center);

}  // namespace heddle::diffusion
