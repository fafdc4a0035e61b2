// What KSampler and KSamplerAdvanced do: noise, schedule, masks and guidance around one sampler
// run.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nodes/diffusion/samplers.h"

namespace heddle::diffusion {

struct SampleRequest {
  std::string sampler = "euler";
  std::string schedule = "normal";
  int steps = 20;
  double denoise = 1;
  uint64_t seed = 0;
  bool add_noise = true;          // off: start from the latent as it is
  std::optional<int> start_step;  // KSamplerAdvanced's range
  std::optional<int> end_step;
  bool force_full_denoise = true;  // off: leave the noise of the steps not run
  double latent_scale = 0.18215;
  int model_channels = 4;  // what the model samples; an all-zero latent is cut or repeated to it
  at::Tensor latent;       // [B, C, H, W], unscaled
  at::Tensor noise_mask;   // undefined, or [b, 1, h, w]: 1 where to paint
  std::vector<int64_t> batch_index;  // see starting_noise
};

/// The finished latent [B, model_channels, H, W], unscaled; the request's own where there is no
/// step to run. Throws std::runtime_error if the latent does not fit the model, and when numbers
/// break down: the message then says at which step NaN or infinity appeared and what may help.
at::Tensor sample(const SampleRequest& request, const ModelSampling& sampling,
                  const Denoiser& denoiser, const StepReport& report);

}  // namespace heddle::diffusion
