// What KSampler and KSamplerAdvanced do: noise, schedule, masks and guidance around one sampler run.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nodes/diffusion/guidance.h"

namespace heddle::diffusion {


struct SampleRequest {
  std::string sampler = "euler";
  std::string schedule = "normal";
  int steps = 20;
  double denoise = 1;
  uint64_t seed = 0;
  bool add_noise = true;              // off: start from the latent as it is
  std::optional<int> start_step;      // KSamplerAdvanced's range
  std::optional<int> end_step;
  bool force_full_denoise = true;     // off: leave the noise of the steps not run
  double latent_scale = 0.18215;
  Tensor latent;                      // [B, C, H, W], unscaled
  Tensor noise_mask;                  // undefined, or [b, 1, h, w]: 1 where to paint
  std::vector<int64_t> batch_index;   // see starting_noise
};

/// The finished latent, unscaled. Throws std::runtime_error "NaN at step N" when the numbers break down.
Tensor sample(const SampleRequest& request, const ModelSampling& sampling, const Denoiser& denoiser,
              const StepReport& report);

}  // namespace heddle::diffusion
