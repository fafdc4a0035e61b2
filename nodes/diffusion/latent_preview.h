// Quick pictures of unfinished latents: a linear guess at the colours, an eighth of the size, no
// network.
#pragma once

#include <ATen/core/Tensor.h>

namespace heddle::diffusion {

enum class LatentKind { kStableDiffusion, kStableDiffusionXl };  // 1 and 2 share their latents

/// The first picture of model-space latents [B, 4, h, w] as 8-bit RGB [h, w, 3].
at::Tensor preview_rgb(const at::Tensor& denoised, LatentKind kind);

}  // namespace heddle::diffusion
