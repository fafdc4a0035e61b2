#include "nodes/diffusion/schedules.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "nodes/diffusion/fp32.h"

namespace heddle::diffusion {
namespace {

constexpr int kMostSteps = 10'000'000;

std::vector<float> linspace(double first, double last, int count) {
  const at::Tensor values = at::linspace(first, last, count);
  const float* begin = values.const_data_ptr<float>();
  return {begin, begin + count};
}

/// The first `steps` of `count` timesteps spread evenly over the table, then 0.
Sigmas even_timesteps(const ModelSampling& sampling, int steps, int count) {
  const float first = sampling.timestep(sampling.sigma_max());
  const float last = sampling.timestep(sampling.sigma_min());
  Sigmas sigmas;
  for (const float t : linspace(first, last, count)) sigmas.push_back(sampling.sigma(t));
  sigmas.resize(size_t(steps));
  sigmas.push_back(0);
  return sigmas;
}

Sigmas normal(const ModelSampling& sampling, int steps) {
  return even_timesteps(sampling, steps, steps);
}

/// As `normal`, but the step to 0 is as long as the others (Podell et al. 2023, the code that came
/// with SDXL).
Sigmas sgm_uniform(const ModelSampling& sampling, int steps) {
  return even_timesteps(sampling, steps, steps + 1);
}

/// Entries of the table at even distances, from the top.
Sigmas simple(const ModelSampling& sampling, int steps) {
  const double stride = double(sampling.sigmas.size()) / steps;
  Sigmas sigmas;
  for (int i = 0; i < steps; ++i) sigmas.push_back(sampling.sigmas.rbegin()[int(i * stride)]);
  sigmas.push_back(0);
  return sigmas;
}

/// Karras et al. 2022, "Elucidating the Design Space of Diffusion-Based Generative Models",
/// equation 5.
Sigmas karras(const ModelSampling& sampling, int steps) {
  constexpr double kRho = 7;
  const double low = std::pow(double(sampling.sigma_min()), 1 / kRho);
  const double high = std::pow(double(sampling.sigma_max()), 1 / kRho);
  Sigmas sigmas;
  for (const float ramp : linspace(0, 1, steps)) {
    sigmas.push_back(fp32::pow(float(high) + ramp * float(low - high), kRho));
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
    Schedule{"normal", normal},
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
  const double whole = std::trunc(steps / denoise);
  if (!(whole <= kMostSteps)) {
    throw std::runtime_error("denoise " + std::to_string(denoise) + " of " + std::to_string(steps) +
                             " steps needs a schedule of more than " + std::to_string(kMostSteps) +
                             " steps: raise denoise or lower steps");
  }
  Sigmas sigmas = whole_schedule(schedule, sampler, sampling, int(whole));
  const size_t kept = std::min(sigmas.size(), size_t(steps) + 1);
  return Sigmas(sigmas.end() - std::ptrdiff_t(kept), sigmas.end());
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
