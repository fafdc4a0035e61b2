// How a model was trained to see noise: its table of noise levels, and what its output means.
// Everything that depends on the training (input scaling, timesteps, the noise-free guess) is here,
// so that samplers see only D(x, sigma).
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace heddle::diffusion {

/// What the network predicts: the noise (Ho et al. 2020), or v = alpha eps - sigma x0 (Salimans and
/// Ho 2022).
enum class Prediction { kEps, kV };

/// The discrete noise levels of a variance-preserving training schedule (Ho et al. 2020), as noise
/// over signal: latents here are x = x0 + sigma eps, and the network sees x / sqrt(sigma^2 + 1).
struct ModelSampling {
  Prediction prediction = Prediction::kEps;
  std::vector<double> alpha_bar;  // share of the signal's power left at each timestep, descending
  std::vector<float> sigmas;      // ascending: sqrt((1 - alpha_bar) / alpha_bar), rounded once
  std::vector<float> log_sigmas;  // of the float64 sigmas

  float sigma_min() const { return sigmas.front(); }
  float sigma_max() const { return sigmas.back(); }
  /// The nearest timestep of the table, a whole number; the lower one of two equally near.
  float timestep(float sigma) const;
  /// Linear in log sigma between neighbouring timesteps; clamped to the table.
  float sigma(float timestep) const;
  /// Noise level after `percent` (0..1) of the timesteps. 0 or less: a huge sigma, before the first
  /// step; 1 or more: 0.
  float percent_to_sigma(double percent) const;

  /// What the network is given for latent x.
  at::Tensor scale_input(const at::Tensor& x, float sigma) const;
  /// The noise-free guess that follows from the network's output for latent x.
  at::Tensor denoised(const at::Tensor& x, const at::Tensor& output, float sigma) const;
  /// Where sampling starts: `latent` under unit `noise` at this level. From the largest level on
  /// the latent's own variance counts as noise too.
  at::Tensor start(const at::Tensor& latent, const at::Tensor& noise, float sigma) const;
};

/// Stable Diffusion 1, 2 and XL: 1000 steps, the square roots of the betas rise evenly from those
/// of 0.00085 to 0.012.
ModelSampling stable_diffusion_sampling(Prediction prediction = Prediction::kEps);

/// The same schedule stretched so that the last step is (almost) pure noise (Lin et al. 2024,
/// "Common Diffusion Noise Schedules and Sample Steps Are Flawed", section 3.1).
ModelSampling rescale_zero_terminal_snr(const ModelSampling& sampling);

}  // namespace heddle::diffusion
