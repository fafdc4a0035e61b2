// Models that see more than the latent: inpainting models also take a mask and the picture around
// it (9 channels), picture editing models (InstructPix2Pix, 8 channels) the picture to edit.
#pragma once

#include <ATen/core/Tensor.h>

#include "nodes/diffusion/guidance.h"

namespace heddle::diffusion {

/// Fills `count` channels behind a latent of C: unset if `count` is 0. What an entry brings
/// (concat_latent, concat_mask) goes before `latent` [B, C, H, W], unscaled, and `noise_mask` [b,
/// 1, h, w], which may be undefined; with neither mask the whole picture is painted anew. An
/// editing model sees an entry's picture unscaled, and nothing if there is none. Throws
/// std::runtime_error for a number of channels that no known model takes.
ExtraChannels extra_channels(int64_t count, const at::Tensor& latent, const at::Tensor& noise_mask,
                             double latent_scale);

}  // namespace heddle::diffusion
