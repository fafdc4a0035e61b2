// Painting under a mask: the rest of the picture is put back around every model call.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "nodes/diffusion/samplers.h"

namespace heddle::diffusion {

/// What of the picture to keep, in scaled latents.
struct Inpainting {
  std::function<at::Tensor(float sigma)> mask;  // [B, 1, H, W] at a level, 1 where to paint
  at::Tensor latent;                            // the picture
  at::Tensor noise;  // laid over the kept part, so that it is as noisy as the rest
};

/// The denoiser with the kept part put back before and after. It refers to `denoiser`. Throws
/// std::runtime_error when a sampler changes the size of the latent.
Denoiser inpaint(const Denoiser& denoiser, Inpainting keep);

/// `mask` [b, 1, h, w] resized to `latent` and repeated to its batch.
at::Tensor fit_mask(const at::Tensor& mask, const at::Tensor& latent);

/// At a level, 1 where `mask` is at least the share of the walk over `sigmas` still to go, in
/// timesteps; mixed with `mask` by a `strength` between 0 and 1.
std::function<at::Tensor(float sigma)> differential_mask(at::Tensor mask, double strength,
                                                         const Sigmas& sigmas,
                                                         const ModelSampling& sampling);

}  // namespace heddle::diffusion
