// DPM-Solver with steps of its own choice: Lu et al. 2022, "DPM-Solver", in time t = -ln sigma.
// Both samplers end at the last level above 0.
#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "nodes/diffusion/fp32.h"
#include "nodes/diffusion/sampler_run.h"

namespace heddle::diffusion {
namespace {

/// The steps of orders 1 to 3 from one point. Model calls are made once each, when first needed.
class DpmStep {
 public:
  DpmStep(const SamplerRun& run, const at::Tensor& x, float t)
      : run_(run), x_(x), t_(t), noise_(noise_at(x, t)) {}

  /// The guess where the step starts.
  at::Tensor denoised() const { return x_ - level_at(t_) * noise_; }

  at::Tensor first(float to) const {
    return x_ - level_at(to) * fp32::expm1(to - t_) * noise_;
  }
  /// With a call at the share `r` of the way. REQUIRES: `to` and `r` are those of the first call of
  /// second or third.
  at::Tensor second(float to, double r) {
    return first(to) -
           level_at(to) / float(2 * r) * fp32::expm1(to - t_) * (at_share(to, r) - noise_);
  }
  /// With calls at one and two thirds of the way. REQUIRES: as `second` with r = 1/3.
  at::Tensor third(float to) {
    constexpr double kNear = 1.0 / 3, kFar = 2.0 / 3;
    const at::Tensor change = at_share(to, kNear) - noise_;
    const float h = to - t_, part = float(kFar) * h, time = t_ + part;
    const at::Tensor u = x_ - level_at(time) * fp32::expm1(part) * noise_ -
                         level_at(time) * float(kFar / kNear) * (fp32::expm1(part) / part - 1) *
                             change;
    return first(to) - level_at(to) / float(kFar) * (fp32::expm1(h) / h - 1) *
                           (noise_at(u, time) - noise_);
  }

 private:
  at::Tensor noise_at(const at::Tensor& x, float t) const {
    const float sigma = level_at(t);
    return slope(x, run_.model(x, sigma), sigma);
  }
  const at::Tensor& at_share(float to, double r) {
    if (!between_.defined()) {
      const float part = float(r) * (to - t_), time = t_ + part;
      between_ = noise_at(x_ - level_at(time) * fp32::expm1(part) * noise_, time);
    }
    return between_;
  }

  const SamplerRun& run_;
  at::Tensor x_;
  float t_;
  at::Tensor noise_, between_;
};

/// Times of the first and the last level that is walked.
struct TimeRange {
  float begin, end;
};

TimeRange time_range(const SamplerRun& run) {
  const float last = run.sigmas.back();
  return {log_time(run.level(0)), log_time(last > 0 ? last : run.level(run.steps() - 1))};
}

/// Where a step to `to` goes with the share `eta` of noise, and the scale of the noise after it.
AncestralStep time_step(float from, float to, float end, double eta) {
  if (eta == 0) return {to, 0};
  const float down = ancestral_step(level_at(from), level_at(to), eta).down;
  const float reached = std::min(end, log_time(down));
  const float level = level_at(to), reached_level = level_at(reached);
  return {reached, fp32::sqrt(level * level - reached_level * reached_level)};
}

/// Chooses the length of steps by the error of the last ones.
class StepController {
 public:
  StepController(const StepControl& control, double order, bool forward)
      : length((forward ? 1 : -1) * std::abs(control.first_step)),
        powers_{(control.proportional + control.integral + control.derivative) / order,
                -(control.proportional + 2 * control.derivative) / order,
                control.derivative / order},
        least_factor_(control.least_factor) {}

  /// Whether a step with this error counts. Sets the length of the next, or of another try.
  bool accepts(double error) {
    constexpr double kKeepsFinite = 1e-8;
    const double inverse = 1 / (error + kKeepsFinite);
    if (is_first_) last_ = before_ = inverse;
    is_first_ = false;
    const double factor = std::pow(inverse, powers_[0]) * std::pow(last_, powers_[1]) *
                          std::pow(before_, powers_[2]);
    const double limited = 1 + std::atan(factor - 1);
    const bool accepted = limited >= least_factor_;
    if (accepted) before_ = std::exchange(last_, inverse);
    length *= limited;
    return accepted;
  }

  double length;  // of the next step, in -ln sigma; negative when levels rise

 private:
  std::array<double, 3> powers_;
  double least_factor_;
  bool is_first_ = true;
  double last_ = 0, before_ = 0;  // inverse errors of accepted steps
};

double error_of(const at::Tensor& low, const at::Tensor& high, const at::Tensor& previous,
                const StepControl& control) {
  const at::Tensor scale =
      at::maximum(low.abs(), previous.abs()).mul(control.relative).clamp_min(control.absolute);
  const at::Tensor error = ((low - high) / scale).norm() / std::sqrt(double(low.numel()));
  return error.item<float>();
}

[[noreturn]] void no_progress(float s) {
  throw std::runtime_error(
      "dpm_adaptive finds no step that it accepts at sigma " + std::to_string(level_at(s)) +
      ": raise rtol or atol, lower accept_safety (it must stay below 2.57), and keep h_init above "
      "0");
}

}  // namespace

/// As many steps of order 3 as the number of model calls allows, then one or two shorter ones (Lu
/// et al. 2022, section 3.4). Levels between the first and the last do not count.
at::Tensor dpm_fast(const SamplerRun& run, at::Tensor x) {
  if (run.steps() < 1) return x;
  const int calls = run.steps(), count = calls / 3 + 1;
  const TimeRange range = time_range(run);
  const std::vector<float> times = fp32::linspace(range.begin, range.end, count + 1);
  for (int i = 0; i < count; ++i) {
    const int last_two = i - (count - 2);  // 0: the last but one
    const int order = calls % 3 == 0 ? (last_two < 0 ? 3 : 2 - last_two)
                                     : (i + 1 < count ? 3 : calls % 3);
    const float s = times[size_t(i)], to = times[size_t(i) + 1];
    DpmStep step(run, x, s);
    run.finished(i, step.denoised());
    x = order == 1 ? step.first(to) : order == 2 ? step.second(to, 0.5) : step.third(to);
    x = x + run.fresh(x, 0);
  }
  return x;
}

/// Steps whose length follows from the difference of two orders (Lu et al. 2022, appendix C).
at::Tensor dpm_adaptive(const SamplerRun& run, at::Tensor x) {
  constexpr float kCloseToEnd = 1e-5f;
  constexpr int kMostRejected = 100;
  const double longest_factor = 1 + std::atan(INFINITY);
  if (run.steps() < 1) return x;
  const auto [begin, end] = time_range(run);
  const bool forward = end > begin;
  const SamplerOptions& options = run.options;
  if (!forward && options.eta != 0) {
    throw std::runtime_error("dpm_adaptive adds noise only where levels fall: set eta to 0");
  }
  StepController controller(options.control, options.eta != 0 ? 1.5 : options.order, forward);
  float s = begin;
  if (options.control.least_factor > longest_factor) no_progress(s);
  at::Tensor previous = x;
  int rejected = 0;
  for (int i = 0; forward ? s < end - kCloseToEnd : s > end + kCloseToEnd; ++i) {
    const float wanted = s + float(controller.length);
    const float t = forward ? std::min(end, wanted) : std::max(end, wanted);
    if (s == t || rejected > kMostRejected) no_progress(s);
    const auto [reached, up] = time_step(s, t, end, options.eta);
    DpmStep step(run, x, s);
    const at::Tensor low = options.order == 2 ? step.first(reached) : step.second(reached, 1.0 / 3);
    const at::Tensor high = options.order == 2 ? step.second(reached, 0.5) : step.third(reached);
    const double error = error_of(low, high, previous, options.control);
    if (!std::isfinite(error)) no_progress(s);
    ++rejected;
    if (controller.accepts(error)) {
      previous = low;
      x = high + run.fresh(x, up);
      s = t;
      rejected = 0;
    }
    run.finished(i, step.denoised());
  }
  return x;
}

}  // namespace heddle::diffusion
