#include "nodes/diffusion/schedules.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "nodes/diffusion/fp32.h"
#include "nodes/diffusion/schedules_levels.h"

namespace heddle::diffusion {
namespace {

constexpr int kMostSteps = 10'000'000;

bool is_almost_zero(float sigma) { return std::abs(sigma) <= 1e-5f; }

SigmaRange range_of(const ModelSampling& sampling) {
  return {sampling.sigma_min(), sampling.sigma_max()};
}

/// The levels of `count` timesteps spread evenly over the table.
Sigmas even_timesteps(const ModelSampling& sampling, int count) {
  const float first = sampling.timestep(sampling.sigma_max());
  const float last = sampling.timestep(sampling.sigma_min());
  Sigmas sigmas;
  for (const float t : fp32::linspace(first, last, count)) sigmas.push_back(sampling.sigma(t));
  return sigmas;
}

/// Even timesteps down to the smallest level, then 0 unless that is what it comes to already.
Sigmas normal(const ModelSampling& sampling, int steps) {
  const float last = sampling.sigma(sampling.timestep(sampling.sigma_min()));
  if (is_almost_zero(last)) return even_timesteps(sampling, steps + 1);
  Sigmas sigmas = even_timesteps(sampling, steps);
  sigmas.push_back(0);
  return sigmas;
}

/// As `normal`, but the step to 0 is as long as the others (Podell et al. 2023, the code that came
/// with SDXL).
Sigmas sgm_uniform(const ModelSampling& sampling, int steps) {
  Sigmas sigmas = even_timesteps(sampling, steps + 1);
  sigmas.back() = 0;
  return sigmas;
}

/// Entries of the table at even distances, from the top.
Sigmas simple(const ModelSampling& sampling, int steps) {
  const double stride = double(sampling.sigmas.size()) / steps;
  Sigmas sigmas;
  for (int i = 0; i < steps; ++i) sigmas.push_back(sampling.sigmas.rbegin()[int(i * stride)]);
  sigmas.push_back(0);
  return sigmas;
}

Sigmas karras(const ModelSampling& sampling, int steps) {
  return karras_levels(steps, range_of(sampling), 7);
}

Sigmas exponential(const ModelSampling& sampling, int steps) {
  return exponential_levels(steps, range_of(sampling));
}

/// Every so many entries of the table, from the second on (Song et al. 2021, DDIM, "linear"). Their
/// number is `steps` only where it divides the table.
Sigmas ddim_uniform(const ModelSampling& sampling, int steps) {
  const auto& table = sampling.sigmas;
  Sigmas sigmas;
  if (is_almost_zero(table[1])) {
    ++steps;
  } else {
    sigmas.push_back(0);
  }
  const size_t stride = std::max(table.size() / size_t(steps), size_t{1});
  for (size_t i = 1; i < table.size(); i += stride) sigmas.push_back(table[i]);
  std::reverse(sigmas.begin(), sigmas.end());
  return sigmas;
}

Sigmas beta(const ModelSampling& sampling, int steps) {
  return beta_levels(sampling, steps, 0.6, 0.6);
}

/// Linear for the first half of the steps down to almost the largest level still, then quadratic
/// (Polyak et al. 2024, "Movie Gen", section 3.4.2).
Sigmas linear_quadratic(const ModelSampling& sampling, int steps) {
  constexpr double kThreshold = 0.025;  // share of the noise gone after the linear part
  if (steps == 1) return {sampling.sigma_max(), 0};
  const int linear = steps / 2, rest = steps - linear;
  const double short_of = linear - kThreshold * steps;
  const double square = short_of / (double(linear) * rest * rest);
  const double slope = kThreshold / linear - 2 * short_of / (double(rest) * rest);
  const double offset = square * linear * linear;
  Sigmas sigmas;
  for (int i = 0; i < steps; ++i) {
    const double gone = i < linear ? i * kThreshold / linear : square * i * i + slope * i + offset;
    sigmas.push_back(float(1 - gone) * sampling.sigma_max());
  }
  sigmas.push_back(0);
  return sigmas;
}

/// Even in the angle of noise over signal (Sabour et al. 2024, "Align Your Steps", theorem 3.1).
Sigmas kl_optimal(const ModelSampling& sampling, int steps) {
  const float last = fp32::atan(sampling.sigma_min()), first = fp32::atan(sampling.sigma_max());
  Sigmas sigmas;
  for (int i = 0; i < steps; ++i) {
    const float share = float(i) / float(steps - 1);
    sigmas.push_back(fp32::tan(share * last + (1 - share) * first));
  }
  sigmas.push_back(0);
  return sigmas;
}

struct Schedule {
  const char* name;
  Sigmas (*make)(const ModelSampling& sampling, int steps);
};

constexpr std::array kSchedules{
    Schedule{"simple", simple},
    Schedule{"sgm_uniform", sgm_uniform},
    Schedule{"karras", karras},
    Schedule{"exponential", exponential},
    Schedule{"ddim_uniform", ddim_uniform},
    Schedule{"beta", beta},
    Schedule{"normal", normal},
    Schedule{"linear_quadratic", linear_quadratic},
    Schedule{"kl_optimal", kl_optimal},
};

/// Samplers of second order whose last two calls would be at almost the same level.
bool drops_penultimate(std::string_view sampler) {
  constexpr std::array<std::string_view, 4> kNames{"dpm_2", "dpm_2_ancestral", "uni_pc",
                                                   "uni_pc_bh2"};
  return std::find(kNames.begin(), kNames.end(), sampler) != kNames.end();
}

Sigmas whole_schedule(std::string_view schedule, std::string_view sampler,
                      const ModelSampling& sampling, int steps) {
  if (!drops_penultimate(sampler)) return make_schedule(schedule, sampling, steps);
  Sigmas sigmas = make_schedule(schedule, sampling, steps + 1);
  sigmas.erase(sigmas.end() - 2);
  return sigmas;
}

/// Steps of the schedule of which `steps` are the share `denoise`.
int whole_steps(int steps, double denoise) {
  const double whole = std::trunc(steps / denoise);
  if (whole <= kMostSteps) return int(whole);
  throw std::runtime_error("denoise " + std::to_string(denoise) + " of " + std::to_string(steps) +
                           " steps needs a schedule of more than " + std::to_string(kMostSteps) +
                           " steps: raise denoise or lower steps");
}

Sigmas last_steps(const Sigmas& sigmas, int steps) {
  const size_t kept = std::min(sigmas.size(), size_t(steps) + 1);
  return Sigmas(sigmas.end() - std::ptrdiff_t(kept), sigmas.end());
}

}  // namespace

const std::vector<std::string>& schedule_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Schedule& schedule : kSchedules) all.emplace_back(schedule.name);
    return all;
  }();
  return names;
}

Sigmas make_schedule(std::string_view name, const ModelSampling& sampling, int steps) {
  for (const Schedule& schedule : kSchedules) {
    if (name == schedule.name) return schedule.make(sampling, steps);
  }
  throw std::invalid_argument("unknown schedule \"" + std::string(name) + "\"");
}

Sigmas sampler_schedule(std::string_view schedule, std::string_view sampler,
                        const ModelSampling& sampling, int steps, double denoise) {
  if (denoise > 0.9999) return whole_schedule(schedule, sampler, sampling, steps);
  if (denoise <= 0) return {};
  return last_steps(whole_schedule(schedule, sampler, sampling, whole_steps(steps, denoise)), steps);
}

Sigmas last_of_schedule(std::string_view schedule, const ModelSampling& sampling, int steps,
                        double denoise) {
  if (denoise <= 0) return {};
  const int whole = denoise < 1 ? whole_steps(steps, denoise) : steps;
  return last_steps(make_schedule(schedule, sampling, whole), steps);
}

Sigmas schedule_range(Sigmas sigmas, std::optional<int> start, std::optional<int> end,
                      bool force_full_denoise) {
  if (end && *end + 1 < int(sigmas.size())) {
    sigmas.resize(size_t(std::max(*end, 0)) + 1);
    if (force_full_denoise) sigmas.back() = 0;
  }
  const int first = std::max(start.value_or(0), 0);
  if (first + 1 >= int(sigmas.size())) return {};
  return Sigmas(sigmas.begin() + first, sigmas.end());
}

}  // namespace heddle::diffusion
