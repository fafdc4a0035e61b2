// Noise levels by formula: what the schedules of KSampler and the scheduler nodes are made of.
#pragma once

#include "nodes/diffusion/schedules.h"

namespace heddle::diffusion {

struct SigmaRange {
  double min, max;
};

/// Karras et al. 2022, "Elucidating the Design Space of Diffusion-Based Generative Models",
/// equation 5; then 0.
Sigmas karras_levels(int steps, SigmaRange range, double rho);

/// Even in log sigma; then 0.
Sigmas exponential_levels(int steps, SigmaRange range);

/// Even in log sigma to the power 1 / rho; then 0.
Sigmas polyexponential_levels(int steps, SigmaRange range, double rho);

/// Quantiles of a Laplace distribution of log sigma (Hang and Gu 2024, "Improved Noise Schedule for
/// Diffusion Training"), clamped to the range. No 0 at the end.
Sigmas laplace_levels(int steps, SigmaRange range, double mu, double beta);

/// The continuous variance-preserving process (Song et al. 2021, appendix C), from time 1 to `last`;
/// then 0.
Sigmas variance_preserving_levels(int steps, double beta_d, double beta_min, double last);

/// Entries of the model's table at quantiles of a beta distribution (Lee et al. 2024, "Beta
/// Sampling is All You Need"), each once; then 0. Throws std::runtime_error unless alpha and beta
/// are positive.
Sigmas beta_levels(const ModelSampling& sampling, int steps, double alpha, double beta);

/// The tenths of the schedule that turbo models are distilled to (Sauer et al. 2023), `steps` of
/// them from the share `denoise` (0..1) on; then 0.
Sigmas turbo_levels(const ModelSampling& sampling, int steps, double denoise);

}  // namespace heddle::diffusion
