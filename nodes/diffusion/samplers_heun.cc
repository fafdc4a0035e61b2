// Second-order samplers that call the model in addition at or before the next level.
#include <ATen/ATen.h>

#include "nodes/diffusion/fp32.h"
#include "nodes/diffusion/sampler_run.h"

namespace heddle::diffusion {
namespace {

/// Half-way between two levels in log sigma.
float middle_level(float from, float to) {
  const float first = fp32::log(from), last = fp32::log(to);
  return fp32::exp(last - (last - first) * 0.5f);
}

at::Tensor slope_at(const SamplerRun& run, const at::Tensor& x, float sigma) {
  return slope(x, run.model(x, sigma), sigma);
}

/// The mean slope of step `i`, for the slope `first` where it starts: of two or three points on the
/// way, weighted by their levels.
at::Tensor heunpp2_slope(const SamplerRun& run, int i, const Churned& from,
                         const at::Tensor& first) {
  const float last = run.sigmas.back(), top = run.level(0), next = run.level(i + 1);
  const at::Tensor x2 = from.x + first * (next - from.sigma);
  const at::Tensor second = slope_at(run, x2, next);
  if (run.level(i + 2) == last) {
    const float w2 = next / (2 * top);
    return first * (1 - w2) + second * w2;
  }
  const float after = run.level(i + 2);
  const at::Tensor third = slope_at(run, x2 + second * (after - next), after);
  const float w2 = next / (3 * top), w3 = after / (3 * top);
  return first * (1 - w2 - w3) + second * w2 + third * w3;
}

}  // namespace

/// Karras et al. 2022, Algorithm 2.
at::Tensor heun(const SamplerRun& run, at::Tensor x) {
  for (int i = 0; i < run.steps(); ++i) {
    const auto [noisy, sigma] = churn(run, x, i);
    const at::Tensor denoised = run.model(noisy, sigma);
    run.finished(i, denoised);
    const at::Tensor first = slope(noisy, denoised, sigma);
    const float distance = run.level(i + 1) - sigma;
    x = noisy + first * distance;
    if (run.ends_at_zero(i)) continue;
    x = noisy + (first + slope_at(run, x, run.level(i + 1))) / 2 * distance;
  }
  return x;
}

/// Heun's method with up to three points, "Heun++" of k-diffusion's users.
at::Tensor heunpp2(const SamplerRun& run, at::Tensor x) {
  for (int i = 0; i < run.steps(); ++i) {
    const Churned from = churn(run, x, i, true);
    const at::Tensor denoised = run.model(from.x, from.sigma);
    run.finished(i, denoised);
    at::Tensor mean = slope(from.x, denoised, from.sigma);
    if (run.level(i + 1) != run.sigmas.back()) mean = heunpp2_slope(run, i, from, mean);
    x = from.x + mean * (run.level(i + 1) - from.sigma);
  }
  return x;
}

/// DPM-Solver-2: Lu et al. 2022, "DPM-Solver", Algorithm 1.
at::Tensor dpm_2(const SamplerRun& run, at::Tensor x) {
  for (int i = 0; i < run.steps(); ++i) {
    const auto [noisy, sigma] = churn(run, x, i);
    const at::Tensor denoised = run.model(noisy, sigma);
    run.finished(i, denoised);
    const at::Tensor first = slope(noisy, denoised, sigma);
    const float next = run.level(i + 1);
    if (run.ends_at_zero(i)) {
      x = noisy + first * (next - sigma);
      continue;
    }
    const float middle = middle_level(sigma, next);
    x = noisy + slope_at(run, noisy + first * (middle - sigma), middle) * (next - sigma);
  }
  return x;
}

/// DPM-Solver-2 to below the next level, then fresh noise back up to it.
at::Tensor dpm_2_ancestral(const SamplerRun& run, at::Tensor x) {
  for (int i = 0; i < run.steps(); ++i) {
    const float sigma = run.level(i);
    const auto [down, up] = ancestral_step(sigma, run.level(i + 1), run.options.eta);
    const at::Tensor denoised = run.model(x, sigma);
    run.finished(i, denoised);
    const at::Tensor first = slope(x, denoised, sigma);
    if (down == 0) {
      x = x + first * (down - sigma);
      continue;
    }
    const float middle = middle_level(sigma, down);
    x = x + slope_at(run, x + first * (middle - sigma), middle) * (down - sigma);
    x = x + run.fresh(x, up);
  }
  return x;
}

}  // namespace heddle::diffusion
