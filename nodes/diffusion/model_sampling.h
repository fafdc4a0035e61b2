// How a model was trained to see noise: its table of noise levels, and what its output means.
// Everything that depends on the training (input scaling, timesteps, the noise-free guess) is here,
// so that samplers see only D(x, sigma).
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace heddle::diffusion {

/// What the network's output means, given what it was shown.
enum class Prediction {
  kEps,         // the noise (Ho et al. 2020)
  kV,           // alpha eps - sigma x0 (Salimans and Ho 2022)
  kEdm,         // Karras et al. 2022, table 1, "EDM"
  kSample,      // the noise-free latent itself
  kConsistency, // noise, under the boundary condition of latent consistency (Luo et al. 2023)
  kImage,       // the noise-free latent, from an input that is not scaled
};

/// What the network is told of a noise level.
enum class Timesteps {
  kTable,  // the nearest entry of the table
  kLog,    // ln(sigma) / 4 (Karras et al. 2022, table 1)
  kAngle,  // 2 / pi atan(sigma): the share of the way from signal to noise
};

/// Noise levels as noise over signal: latents here are x = x0 + sigma eps, and the network sees
/// x / sqrt(sigma^2 + sigma_data^2).
struct ModelSampling {
  Prediction prediction = Prediction::kEps;
  std::vector<double> alpha_bar{};  // share of the signal's power left at each level, descending
  std::vector<float> sigmas{};  // ascending
  std::vector<float> log_sigmas{};
  Timesteps timesteps = Timesteps::kTable;
  int stride = 1;          // timesteps of training from one entry of the table to the next
  double sigma_data = 1;   // spread of the latents the network was made for

  float sigma_min() const { return sigmas.front(); }
  float sigma_max() const { return sigmas.back(); }
  /// What the network is told at this level. From a table a whole number; the lower one of two
  /// equally near.
  float timestep(float sigma) const;
  /// The level of a timestep. From a table linear in log sigma between entries, clamped to it.
  float sigma(float timestep) const;
  /// Noise level after `percent` (0..1) of the schedule. 0 or less: a huge sigma, before the first
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

/// The 50 levels that latent consistency models are distilled to: every 20th of `sampling`, counted
/// from the noisiest.
ModelSampling consistency_sampling(const ModelSampling& sampling);

/// Levels without a training schedule, from sigma_min to sigma_max, even in log sigma.
/// REQUIRES: 0 < sigma_min < sigma_max, `timesteps` is not kTable.
ModelSampling continuous_sampling(Prediction prediction, Timesteps timesteps, double sigma_min,
                                  double sigma_max, double sigma_data = 1);

}  // namespace heddle::diffusion
