// What the samplers' own files share; users of samplers want samplers.h.
//
// Each sampler takes a run and the latent at its first noise level. Numbers about noise levels are
// fp32, computed in the order of k-diffusion's 0-dim tensors: pictures are only the same if the
// sigmas are, to the last bit.
#pragma once

#include <ATen/core/Tensor.h>

#include "nodes/diffusion/samplers.h"

namespace heddle::diffusion {

struct SamplerRun {
  const Denoiser& model;
  const Sigmas& sigmas;
  const DrawNoise& noise;
  const StepReport& report;

  int steps() const { return int(sigmas.size()) - 1; }
  void finished(int step, const at::Tensor& denoised) const {
    if (report) report(step, steps(), denoised);
  }
};

/// Slope dx/dsigma of the probability-flow ODE (Karras et al. 2022, equation 3).
at::Tensor slope(const at::Tensor& x, const at::Tensor& denoised, float sigma);

/// A step from `from` to `to` of the SDE: down to `down` along the ODE, then up again with `up`
/// times fresh noise.
struct AncestralStep {
  float down, up;
};
AncestralStep ancestral_step(float from, float to);

at::Tensor euler(const SamplerRun& run, at::Tensor x);
at::Tensor euler_ancestral(const SamplerRun& run, at::Tensor x);
at::Tensor dpmpp_2m(const SamplerRun& run, at::Tensor x);

}  // namespace heddle::diffusion
