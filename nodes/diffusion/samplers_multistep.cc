// Samplers that reuse the guesses of earlier steps: second order and more for one model call a
// step.
#include <ATen/ATen.h>

#include "nodes/diffusion/fp32.h"
#include "nodes/diffusion/sampler_run.h"

namespace heddle::diffusion {

/// DPM-Solver++(2M): Lu et al. 2022, "DPM-Solver++", Algorithm 2, in time t = -ln sigma.
at::Tensor dpmpp_2m(const SamplerRun& run, at::Tensor x) {
  const auto time = [](float sigma) { return -fp32::log(sigma); };
  at::Tensor old_denoised;
  for (int i = 0; i < run.steps(); ++i) {
    const float t = time(run.sigmas[i]), t_next = time(run.sigmas[i + 1]), h = t_next - t;
    const at::Tensor denoised = run.model(x, run.sigmas[i]);
    at::Tensor target = denoised;
    if (old_denoised.defined() && run.sigmas[i + 1] > 0) {
      const float r = (t - time(run.sigmas[i - 1])) / h;
      target = (1 + 1 / (2 * r)) * denoised - (1 / (2 * r)) * old_denoised;
    }
    x = (fp32::exp(-t_next) / fp32::exp(-t)) * x - fp32::expm1(-h) * target;
    old_denoised = denoised;
    run.finished(i, denoised);
  }
  return x;
}

}  // namespace heddle::diffusion
