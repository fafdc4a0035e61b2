// Samplers of the DPM-Solver family that reuse the guesses of earlier steps: second order for one
// model call a step. Time is t = -ln sigma.
#include <ATen/ATen.h>

#include <cmath>

#include "nodes/diffusion/fp32.h"
#include "nodes/diffusion/sampler_run.h"

namespace heddle::diffusion {
namespace {

float nan_to_zero(float x) { return std::isnan(x) ? 0 : x; }

/// One step of the exponential integrator of order 2 (Zhang et al. 2024, "RES", equation 13): the
/// weights of the guess and the one before.
struct ResStep {
  float h, guess, old;
};

ResStep res_step(float from, float down, float before, float old_down) {
  ResStep step{};
  const float t = log_time(from);
  step.h = log_time(down) - t;
  const float c2 = (log_time(before) - log_time(old_down)) / step.h;
  const float phi_1 = fp32::expm1(-step.h) / -step.h, phi_2 = (phi_1 - 1) / -step.h;
  step.guess = nan_to_zero(phi_1 - phi_2 / c2);
  step.old = nan_to_zero(phi_2 / c2);
  return step;
}

}  // namespace

/// DPM-Solver++(2M): Lu et al. 2022, "DPM-Solver++", Algorithm 2.
at::Tensor dpmpp_2m(const SamplerRun& run, at::Tensor x) {
  at::Tensor old;
  for (int i = 0; i < run.steps(); ++i) {
    const float t = log_time(run.level(i)), t_next = log_time(run.level(i + 1)), h = t_next - t;
    const at::Tensor denoised = run.model(x, run.level(i));
    run.finished(i, denoised);
    at::Tensor target = denoised;
    if (old.defined() && !run.ends_at_zero(i)) {
      const float r = (t - log_time(run.level(i - 1))) / h;
      target = (1 + 1 / (2 * r)) * denoised - (1 / (2 * r)) * old;
    }
    x = (level_at(t_next) / level_at(t)) * x - fp32::expm1(-h) * target;
    old = denoised;
  }
  return x;
}

/// The same, noise being kept along the negative guess (Chung et al. 2024).
at::Tensor dpmpp_2m_cfg_pp(const SamplerRun& run, at::Tensor x) {
  at::Tensor old_negative;
  for (int i = 0; i < run.steps(); ++i) {
    const float t = log_time(run.level(i)), h = log_time(run.level(i + 1)) - t;
    const Guess guess = run.model.both(x, run.level(i));
    run.finished(i, guess.denoised);
    at::Tensor moved = guess.denoised + fp32::exp(-h) * (x - guess.negative);
    if (old_negative.defined() && !run.ends_at_zero(i)) {
      const float r = (t - log_time(run.level(i - 1))) / h;
      moved = moved - fp32::expm1(-h) / (2 * r) * (guess.denoised - old_negative);
    }
    x = moved;
    old_negative = guess.negative;
  }
  return x;
}

/// Zhang et al. 2024, with ancestral steps of the share `eta`.
at::Tensor res_multistep(const SamplerRun& run, at::Tensor x) {
  at::Tensor old;
  float old_down = 0;
  for (int i = 0; i < run.steps(); ++i) {
    const float sigma = run.level(i);
    const auto [down, up] = ancestral_step(sigma, run.level(i + 1), run.options.eta);
    const at::Tensor denoised = run.model(x, sigma);
    run.finished(i, denoised);
    if (down == 0 || !old.defined()) {
      x = x + slope(x, denoised, sigma) * (down - sigma);
    } else {
      const ResStep step = res_step(sigma, down, run.level(i - 1), old_down);
      x = fp32::exp(-step.h) * x + step.h * (step.guess * denoised + step.old * old);
    }
    if (!run.ends_at_zero(i)) x = x + run.fresh(x, up);
    old = denoised;
    old_down = down;
  }
  return x;
}

/// The same with the negative guesses (Chung et al. 2024).
at::Tensor res_multistep_cfg_pp(const SamplerRun& run, at::Tensor x) {
  at::Tensor old_negative;
  float old_down = 0;
  for (int i = 0; i < run.steps(); ++i) {
    const float sigma = run.level(i);
    const auto [down, up] = ancestral_step(sigma, run.level(i + 1), run.options.eta);
    const Guess guess = run.model.both(x, sigma);
    run.finished(i, guess.denoised);
    if (down == 0 || !old_negative.defined()) {
      x = guess.denoised + slope(x, guess.negative, sigma) * down;
    } else {
      const ResStep step = res_step(sigma, down, run.level(i - 1), old_down);
      x = x + (guess.denoised - guess.negative);
      x = fp32::exp(-step.h) * x + step.h * (step.guess * guess.negative + step.old * old_negative);
    }
    if (!run.ends_at_zero(i)) x = x + run.fresh(x, up);
    old_negative = guess.negative;
    old_down = down;
  }
  return x;
}

}  // namespace heddle::diffusion
