// Samplers of the reverse SDE whose noise follows a Brownian path: Lu et al. 2022, "DPM-Solver++",
// section 4, with the share `eta` of the SDE's noise. h is a step in -ln sigma.
#include <ATen/ATen.h>

#include <stdexcept>

#include "nodes/diffusion/fp32.h"
#include "nodes/diffusion/sampler_run.h"

namespace heddle::diffusion {
namespace {

/// One step of order 1: what is left of x, how much of the guess joins, and the noise's scale.
struct SdeStep {
  float h, decay;   // decay = h (1 + eta)
  float kept, gained, noise;
};

SdeStep sde_step(float from, float to, double eta) {
  SdeStep step{};
  const float weight = float(eta);
  step.h = log_time(to) - log_time(from);
  step.decay = step.h * (weight + 1);
  step.kept = to / from * fp32::exp(-step.h * weight);
  step.gained = -fp32::expm1(-step.decay);
  step.noise = to * fp32::sqrt(-fp32::expm1(-2 * step.h * weight));
  return step;
}

}  // namespace

/// SDE-DPM-Solver++ with a second call at the share `r` of the step.
at::Tensor dpmpp_sde(const SamplerRun& run, at::Tensor x) {
  const float r = float(run.options.r), mix = 1 / (2 * r);
  if (r == 0) throw std::runtime_error("dpmpp_sde with r = 0 calls the model twice at one level");
  const auto to = [&](float from, float level, const at::Tensor& guess) {
    const auto [down, up] = ancestral_step(from, level, run.options.eta);
    const float t = log_time(from), t_down = log_time(down);
    const at::Tensor moved = (level_at(t_down) / level_at(t)) * x - fp32::expm1(t - t_down) * guess;
    return moved + run.between(from, level, up);
  };
  for (int i = 0; i < run.steps(); ++i) {
    const float sigma = run.level(i), next = run.level(i + 1);
    const at::Tensor denoised = run.model(x, sigma);
    run.finished(i, denoised);
    if (run.ends_at_zero(i)) {
      x = denoised;
      continue;
    }
    const float t = log_time(sigma), h = log_time(next) - t, middle = level_at(t + h * r);
    const at::Tensor second = run.model(to(sigma, middle, denoised), middle);
    x = to(sigma, next, (1 - mix) * denoised + mix * second);
  }
  return x;
}

/// SDE-DPM-Solver++(2M): Lu et al. 2022, "DPM-Solver++", Algorithm 4.
at::Tensor dpmpp_2m_sde(const SamplerRun& run, at::Tensor x) {
  at::Tensor old;
  float old_h = 0;
  for (int i = 0; i < run.steps(); ++i) {
    const at::Tensor denoised = run.model(x, run.level(i));
    run.finished(i, denoised);
    if (run.ends_at_zero(i)) {
      x = denoised;
    } else {
      const SdeStep step = sde_step(run.level(i), run.level(i + 1), run.options.eta);
      x = step.kept * x + step.gained * denoised;
      if (old.defined()) {
        const float weight =
            run.options.heun ? step.gained / -step.decay + 1 : 0.5f * step.gained;
        x = x + weight * (1 / (old_h / step.h)) * (denoised - old);
      }
      x = x + run.between(run.level(i), run.level(i + 1), step.noise);
      old_h = step.h;
    }
    old = denoised;
  }
  return x;
}

/// The same with the guesses of two steps before.
at::Tensor dpmpp_3m_sde(const SamplerRun& run, at::Tensor x) {
  at::Tensor old_1, old_2;
  float h_1 = 0, h_2 = 0;
  for (int i = 0; i < run.steps(); ++i) {
    const at::Tensor denoised = run.model(x, run.level(i));
    run.finished(i, denoised);
    if (run.ends_at_zero(i)) {
      x = denoised;
    } else {
      const SdeStep step = sde_step(run.level(i), run.level(i + 1), run.options.eta);
      x = step.kept * x + step.gained * denoised;
      const float phi_2 = -step.gained / step.decay + 1, phi_3 = phi_2 / step.decay - 0.5f;
      if (old_2.defined()) {
        const float r0 = h_1 / step.h, r1 = h_2 / step.h;
        const at::Tensor near = (denoised - old_1) / r0, far = (old_1 - old_2) / r1;
        const at::Tensor first = near + (near - far) * r0 / (r0 + r1);
        x = x + phi_2 * first - phi_3 * ((near - far) / (r0 + r1));
      } else if (old_1.defined()) {
        x = x + phi_2 * ((denoised - old_1) / (h_1 / step.h));
      }
      x = x + run.between(run.level(i), run.level(i + 1), step.noise);
      h_2 = std::exchange(h_1, step.h);
    }
    old_2 = std::exchange(old_1, denoised);
  }
  return x;
}

}  // namespace heddle::diffusion
