// One sampler run with all around it: noise, masks, the scale of latents, and what can go wrong.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nodes/diffusion/samplers.h"

namespace heddle::diffusion {

/// How a model's own latents follow from those of its VAE: (latent - mean) / spread * scale.
struct LatentFormat {
  double scale = 0.18215;
  std::vector<float> mean{}, spread{};  // by channel; none: 0 and 1

  at::Tensor to_model(const at::Tensor& latent) const;
  at::Tensor to_vae(const at::Tensor& latent) const;
};

/// NOISE: what sampling starts from. Without `adds` the latent is left as it is; the seed then
/// counts for the noise of the steps only.
struct NoiseSource {
  uint64_t seed = 0;
  bool adds = true;
};

struct SampleRequest {
  Sampler sampler;
  Sigmas sigmas;  // none: nothing is to be done
  NoiseSource noise;
  LatentFormat format;
  int model_channels = 4;  // what the model samples; an all-zero latent is cut or repeated to it
  at::Tensor latent;       // [B, C, H, W], unscaled
  at::Tensor noise_mask;   // undefined, or [b, 1, h, w]: 1 where to paint
  std::vector<int64_t> batch_index;  // see starting_noise
  /// If set, the mask says from when on a place is painted (Levin and Fried 2023, "Differential
  /// Diffusion"): it becomes black and white at each step, mixed with the mask itself for a strength
  /// between 0 and 1.
  std::optional<double> differential;
};

/// Latents [B, model_channels, H, W], unscaled.
struct SampleResult {
  at::Tensor latent;
  at::Tensor denoised;  // the last guess that was reported; `latent` if there was none
};

/// The request's own latent where there are no levels. Throws std::runtime_error if the latent or
/// the levels do not fit, and when numbers break down: the message then says at which step NaN or
/// infinity appeared and what may help.
SampleResult sample(const SampleRequest& request, const ModelSampling& sampling,
                    const Denoiser& denoiser, const StepReport& report);

/// `latent` [B, C, H, W] under the source's noise at level `sigma`, both unscaled. What is not finite
/// becomes 0.
at::Tensor add_noise(const NoiseSource& source, const at::Tensor& latent,
                     const std::vector<int64_t>& batch_index, float sigma,
                     const LatentFormat& format);

}  // namespace heddle::diffusion
