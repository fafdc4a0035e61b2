// Resizing as ComfyUI's nodes do it, for latents and pictures.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>

namespace heddle::diffusion {

/// x [B, C, H, W] fp32 to [B, C, height, width]; `center` cuts to the new aspect ratio first.
/// Methods:
///   nearest-exact, bilinear, bicubic  samples at pixel centres, no smoothing when the picture
///   shrinks area                              means of the covered pixels bislerp see bislerp.h;
///   for latents lanczos                           see lanczos.h; for pictures
/// Throws std::invalid_argument for another method and std::runtime_error if cutting would leave
/// nothing. REQUIRES: width, height >= 1.
at::Tensor resize(const at::Tensor& x, std::string_view method, int64_t width, int64_t height,
                  bool center);

}  // namespace heddle::diffusion
