// First-order samplers.
#include <ATen/ATen.h>

#include "nodes/diffusion/sampler_run.h"

namespace heddle::diffusion {

/// Karras et al. 2022, Algorithm 1 without the second-order correction.
at::Tensor euler(const SamplerRun& run, at::Tensor x) {
  for (int i = 0; i < run.steps(); ++i) {
    const float sigma = run.sigmas[i], next = run.sigmas[i + 1];
    const at::Tensor denoised = run.model(x, sigma);
    x = x + slope(x, denoised, sigma) * (next - sigma);
    run.finished(i, denoised);
  }
  return x;
}

/// Euler to below the next level, then fresh noise back up to it.
at::Tensor euler_ancestral(const SamplerRun& run, at::Tensor x) {
  for (int i = 0; i < run.steps(); ++i) {
    const float sigma = run.sigmas[i];
    const auto [down, up] = ancestral_step(sigma, run.sigmas[i + 1]);
    const at::Tensor denoised = run.model(x, sigma);
    if (down == 0) {
      x = denoised;
    } else {
      x = x + slope(x, denoised, sigma) * (down - sigma) + run.noise() * up;
    }
    run.finished(i, denoised);
  }
  return x;
}

}  // namespace heddle::diffusion
