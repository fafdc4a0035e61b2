// Models that see more than the latent: inpainting models also take a mask and the picture around it
// (9 channels), picture editing models (InstructPix2Pix, 8 channels) the picture to edit.
#pragma once

#include <ATen/core/Tensor.h>

namespace heddle::diffusion {

/// The channels [B, in_channels - C, H, W] behind a latent [B, C, H, W] in the model's scale, where nothing but a noise
/// mask is known: undefined if in_channels is C. `noise_mask` may be undefined (the whole picture is painted anew).
/// Throws std::runtime_error for a number of channels that no known model takes.
at::Tensor extra_channels(int64_t in_channels, const at::Tensor& latent, const at::Tensor& noise_mask);

}  // namespace heddle::diffusion
