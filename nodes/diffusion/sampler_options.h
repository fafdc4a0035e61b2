// Settings of samplers, as data: the name of a sampler stands for a set of them, and the nodes that
// make samplers change some.
#pragma once

#include <limits>
#include <optional>
#include <string>

namespace heddle::diffusion {

/// Fresh noise before a step, as Karras et al. 2022, Algorithm 2 ("S_churn").
struct Churn {
  double amount = 0;  // over all steps; 0: none
  double lowest = 0;  // only at levels from here
  double highest = std::numeric_limits<double>::infinity();
};

/// How dpm_adaptive chooses its steps: an error that it accepts, and a PID controller (Söderlind
/// 2003) of the step's length in log sigma.
struct StepControl {
  double relative = 0.05, absolute = 0.0078;  // error, against the latent and at all
  double first_step = 0.05;
  double proportional = 0, integral = 1, derivative = 0;
  double least_factor = 0.81;  // a step is accepted if the next need not be shorter than this
};

/// How er_sde's noise grows with the level: Cui et al. 2024, "Elucidating the Solution Space of
/// Extended Reverse-Time SDE", equation 26, or as a reverse-time SDE's, by `eta`.
enum class NoiseGrowth { kExtended, kReverseTime };

/// Levels from `high` down to `low`.
struct LevelRange {
  float high, low;
};

struct SaSolver {
  std::optional<LevelRange> noisy{};  // where noise is added; none: 20 % to 80 % of the schedule
  int predictor_order = 3, corrector_order = 4;
  bool evaluates_again = false;  // the model is called for the corrected latent too (PECE)
  bool simple_order_2 = false;   // the paper's shorter coefficients of order 2
};

/// lcm that lets the latent grow on the way.
struct Upscaling {
  double ratio = 1;
  std::optional<int> steps{};  // over how many steps; none: half of them
  std::string method = "bislerp";
};

/// Each sampler reads the settings that its description names.
struct SamplerOptions {
  double eta = 1;      // share of fresh noise in a step: 0 none, 1 as much as the SDE has
  double s_noise = 1;  // scale of fresh noise
  double r = 0.5;      // where between two levels the model is called in addition, in log sigma
  double gamma = 2;    // gradient_estimation: how far the change of slope is followed
  int order = 4;       // how many slopes or guesses a step uses at most
  bool heun = false;   // dpmpp_2m_sde: the other second-order term
  bool bh2 = false;    // uni_pc: the other step function of its paper
  bool mask_noise_apart = false;  // other noise under a mask than the starting noise
  Churn churn{};
  StepControl control{};
  NoiseGrowth growth = NoiseGrowth::kExtended;
  SaSolver sa{};
  Upscaling upscaling{};
};

/// SAMPLER: a method and its settings.
struct Sampler {
  std::string name = "euler";  // a key of the table in samplers.cc
  SamplerOptions options;
};

}  // namespace heddle::diffusion
