// What the samplers' own files share; users of samplers want samplers.h.
//
// Each sampler takes a run and the latent at its first noise level. Numbers about noise levels are
// fp32, computed in the order of k-diffusion's 0-dim tensors: pictures are only the same if the
// sigmas are, to the last bit. Coefficients that no sigma depends on may be more exact.
#pragma once

#include <ATen/core/Tensor.h>

#include "nodes/diffusion/samplers.h"

namespace heddle::diffusion {

struct SamplerRun {
  const Denoiser& model;
  const Sigmas& sigmas;
  const SamplerOptions& options;
  const SamplerNoise& noise;
  const ModelSampling& sampling;
  const StepReport& report;

  int steps() const { return int(sigmas.size()) - 1; }
  float level(int step) const { return sigmas[size_t(step)]; }
  bool ends_at_zero(int step) const { return level(step + 1) == 0; }
  void finished(int step, const at::Tensor& denoised) const {
    if (report) report(step, steps(), denoised);
  }
  /// The next draw of the ancestral stream, scaled.
  at::Tensor fresh(const at::Tensor& x, float scale) const;
  /// Noise along the Brownian path, scaled.
  at::Tensor between(float from, float to, float scale) const;
};

/// Slope dx/dsigma of the probability-flow ODE (Karras et al. 2022, equation 3).
at::Tensor slope(const at::Tensor& x, const at::Tensor& denoised, float sigma);

/// A step from `from` to `to` of the SDE: down to `down` along the ODE, then up again with `up`
/// times fresh noise.
struct AncestralStep {
  float down, up;
};
AncestralStep ancestral_step(float from, float to, double eta = 1);

/// A latent that was made noisier, and its level now. Draws from the stream of the starting noise,
/// `always` also where nothing is to be added.
struct Churned {
  at::Tensor x;
  float sigma;
};
Churned churn(const SamplerRun& run, const at::Tensor& x, int step, bool always = false);

/// -ln sigma, the time in which samplers of the DPM-Solver family step, and back.
float log_time(float sigma);
float level_at(float time);

at::Tensor euler(const SamplerRun& run, at::Tensor x);
at::Tensor euler_ancestral(const SamplerRun& run, at::Tensor x);
at::Tensor euler_cfg_pp(const SamplerRun& run, at::Tensor x);
at::Tensor euler_cfg_pp_alternative(const SamplerRun& run, at::Tensor x);
at::Tensor heun(const SamplerRun& run, at::Tensor x);
at::Tensor heunpp2(const SamplerRun& run, at::Tensor x);
at::Tensor dpm_2(const SamplerRun& run, at::Tensor x);
at::Tensor dpm_2_ancestral(const SamplerRun& run, at::Tensor x);
at::Tensor dpm_fast(const SamplerRun& run, at::Tensor x);
at::Tensor dpm_adaptive(const SamplerRun& run, at::Tensor x);
at::Tensor dpmpp_2s_ancestral(const SamplerRun& run, at::Tensor x);
at::Tensor dpmpp_2s_ancestral_cfg_pp(const SamplerRun& run, at::Tensor x);
at::Tensor dpmpp_sde(const SamplerRun& run, at::Tensor x);
at::Tensor dpmpp_2m(const SamplerRun& run, at::Tensor x);
at::Tensor dpmpp_2m_cfg_pp(const SamplerRun& run, at::Tensor x);
at::Tensor dpmpp_2m_sde(const SamplerRun& run, at::Tensor x);
at::Tensor dpmpp_3m_sde(const SamplerRun& run, at::Tensor x);
at::Tensor ddpm(const SamplerRun& run, at::Tensor x);
at::Tensor lcm(const SamplerRun& run, at::Tensor x);
at::Tensor lcm_upscale(const SamplerRun& run, at::Tensor x);
at::Tensor lms(const SamplerRun& run, at::Tensor x);
at::Tensor ipndm(const SamplerRun& run, at::Tensor x);
at::Tensor ipndm_v(const SamplerRun& run, at::Tensor x);
at::Tensor deis(const SamplerRun& run, at::Tensor x);
at::Tensor gradient_estimation(const SamplerRun& run, at::Tensor x);
at::Tensor gradient_estimation_cfg_pp(const SamplerRun& run, at::Tensor x);
at::Tensor res_multistep(const SamplerRun& run, at::Tensor x);
at::Tensor res_multistep_cfg_pp(const SamplerRun& run, at::Tensor x);
at::Tensor er_sde(const SamplerRun& run, at::Tensor x);
at::Tensor seeds_2(const SamplerRun& run, at::Tensor x);
at::Tensor seeds_3(const SamplerRun& run, at::Tensor x);
at::Tensor sa_solver(const SamplerRun& run, at::Tensor x);
at::Tensor uni_pc(const SamplerRun& run, at::Tensor x);

}  // namespace heddle::diffusion
