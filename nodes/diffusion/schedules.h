// Noise levels: the training schedule of a model, and the ways to walk down it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heddle::diffusion {

using Sigmas = std::vector<float>;

enum class Prediction { kEps, kV };

/// The discrete noise levels a model was trained on (Ho et al. 2020, scaled-linear betas) and what its output means.
struct ModelSampling {
  Prediction prediction = Prediction::kEps;
  std::vector<float> sigmas;      // ascending, one a timestep
  std::vector<float> log_sigmas;  // of the float64 sigmas
  float sigma_min() const { return sigmas.front(); }
  float sigma_max() const { return sigmas.back(); }
  /// The nearest timestep of the table.
  float timestep(float sigma) const;
  /// Linear in log sigma between neighbouring timesteps; clamped to the table.
  float sigma(float timestep) const;
  /// 0: before the first step (a huge sigma), 1: after the last (0).
  float percent_to_sigma(double percent) const;
};
/// Stable Diffusion 1, 2 and XL: 1000 steps, betas 0.00085 to 0.012.
ModelSampling stable_diffusion_sampling(Prediction prediction = Prediction::kEps);

/// Names, in ComfyUI's order.
const std::vector<std::string>& schedule_names();

/// `steps` + 1 values that fall to 0. REQUIRES: `name` is one of schedule_names().
Sigmas make_schedule(std::string_view name, const ModelSampling& sampling, int steps);

/// What KSampler walks: the schedule cut for `denoise` (0..1), with the extra step that some samplers drop.
Sigmas sampler_schedule(std::string_view schedule, std::string_view sampler, const ModelSampling& sampling,
                        int steps, double denoise);

}  // namespace heddle::diffusion
