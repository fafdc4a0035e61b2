// First-order samplers.
#include <ATen/ATen.h>

#include "nodes/diffusion/sampler_run.h"

namespace heddle::diffusion {

/// Karras et al. 2022, Algorithm 2 without the second-order correction.
at::Tensor euler(const SamplerRun& run, at::Tensor x) {
  for (int i = 0; i < run.steps(); ++i) {
    const auto [noisy, sigma] = churn(run, x, i);
    const at::Tensor denoised = run.model(noisy, sigma);
    run.finished(i, denoised);
    x = noisy + slope(noisy, denoised, sigma) * (run.level(i + 1) - sigma);
  }
  return x;
}

/// Euler to below the next level, then fresh noise back up to it.
at::Tensor euler_ancestral(const SamplerRun& run, at::Tensor x) {
  for (int i = 0; i < run.steps(); ++i) {
    const float sigma = run.level(i);
    const auto [down, up] = ancestral_step(sigma, run.level(i + 1), run.options.eta);
    const at::Tensor denoised = run.model(x, sigma);
    run.finished(i, denoised);
    if (down == 0) {
      x = denoised;
    } else {
      x = x + slope(x, denoised, sigma) * (down - sigma) + run.fresh(x, up);
    }
  }
  return x;
}

/// Chung et al. 2024, "CFG++: Manifold-constrained Classifier Free Guidance": noise is put back
/// along the negative guess.
at::Tensor euler_cfg_pp(const SamplerRun& run, at::Tensor x) {
  for (int i = 0; i < run.steps(); ++i) {
    const float sigma = run.level(i);
    const auto [down, up] = ancestral_step(sigma, run.level(i + 1), run.options.eta);
    const Guess guess = run.model.both(x, sigma);
    run.finished(i, guess.denoised);
    if (run.ends_at_zero(i)) {
      x = guess.denoised;
      continue;
    }
    x = guess.denoised + slope(x, guess.negative, sigma) * down;
    if (up > 0) x = x + run.fresh(x, up);
  }
  return x;
}

/// Euler's step with the slope towards twice the guess less the negative one.
at::Tensor euler_cfg_pp_alternative(const SamplerRun& run, at::Tensor x) {
  for (int i = 0; i < run.steps(); ++i) {
    const float sigma = run.level(i);
    const Guess guess = run.model.both(x, sigma);
    run.finished(i, guess.denoised);
    const at::Tensor towards = slope(x - guess.denoised + guess.negative, guess.denoised, sigma);
    x = x + towards * (run.level(i + 1) - sigma);
  }
  return x;
}

}  // namespace heddle::diffusion
