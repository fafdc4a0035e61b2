// Exponential solvers of the reverse SDE with independent noise. h is a step in -ln sigma.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "nodes/diffusion/fp32.h"
#include "nodes/diffusion/sampler_run.h"

namespace heddle::diffusion {
namespace {

/// er_sde's f(sigma): how its noise grows.
double growth_at(const SamplerOptions& options, double sigma) {
  if (options.growth == NoiseGrowth::kReverseTime) return std::pow(sigma, options.eta + 1);
  return sigma * (std::exp(std::pow(sigma, 0.3)) + 10);
}

/// Integrals of 1 / f and of (sigma - from) / f over a step, as sums over 200 points.
struct GrowthIntegrals {
  double plain, moment;
};

GrowthIntegrals growth_integrals(const SamplerOptions& options, double from, double to) {
  constexpr int kPoints = 200;
  const double width = (from - to) / kPoints;
  GrowthIntegrals sums{};
  for (int k = 0; k < kPoints; ++k) {
    const double sigma = to + k * width, inverse = width / growth_at(options, sigma);
    sums.plain += inverse;
    sums.moment += (sigma - from) * inverse;
  }
  return sums;
}

/// The noise that seeds_2 and seeds_3 carry through a step: each call adds to what is there.
class CarriedNoise {
 public:
  CarriedNoise(const SamplerRun& run, float h)
      : run_(run),
        h_eta_(h * float(run.options.eta)),
        enabled_(h_eta_ != 0 && run.options.s_noise != 0) {}

  /// Unit-time noise at the share `to` of the step, after the share `from`; the model's latent gets
  /// it times its level.
  void advance(const at::Tensor& x, double from, double to) {
    if (!enabled_) return;
    const float gap = float(from - to) * h_eta_;
    const at::Tensor added = run_.fresh(x, fp32::sqrt(-fp32::expm1(2 * gap)));
    noise_ = noise_.defined() ? noise_ * fp32::exp(gap) + added : added;
  }
  at::Tensor onto(const at::Tensor& x, float sigma) const {
    return noise_.defined() ? x + noise_ * sigma : x;
  }

 private:
  const SamplerRun& run_;
  float h_eta_;
  bool enabled_;
  at::Tensor noise_;
};

/// What the steps of seeds_2 and seeds_3 share: levels between, and how much of x is left there.
struct SeedsStep {
  float sigma, next, h, decay, eta;

  SeedsStep(const SamplerRun& run, int i)
      : sigma(run.level(i)), next(run.level(i + 1)), h(log_time(next) - log_time(sigma)),
        decay(h * (1 + float(run.options.eta))), eta(float(run.options.eta)) {}
  float level(double share) const { return level_at(log_time(sigma) + float(share) * h); }
  float kept(double share, float to) const {
    return to / sigma * fp32::exp(float(-share) * h * eta);
  }
  /// Minus the weight of the guess.
  float gained(double share) const { return fp32::expm1(float(-share) * decay); }
};

/// (e^z - 1 - z) / z.
float phi_2(float z) { return (fp32::expm1(z) - z) / z; }

}  // namespace

/// Cui et al. 2024, "Elucidating the Solution Space of Extended Reverse-Time SDE for Diffusion
/// Models", Algorithms 1 to 3.
at::Tensor er_sde(const SamplerRun& run, at::Tensor x) {
  at::Tensor old, old_change;
  for (int i = 0; i < run.steps(); ++i) {
    const float sigma = run.level(i), next = run.level(i + 1);
    const at::Tensor denoised = run.model(x, sigma);
    run.finished(i, denoised);
    if (run.ends_at_zero(i)) {
      x = denoised;
      continue;
    }
    const int stage = std::min(run.options.order, i + 1);
    const double growth = growth_at(run.options, next);
    const double ratio = growth / growth_at(run.options, sigma), step = double(next) - sigma;
    x = ratio * x + (1 - ratio) * denoised;
    if (stage >= 2) {
      const GrowthIntegrals sums = growth_integrals(run.options, sigma, next);
      const at::Tensor change = (denoised - old) / (sigma - run.level(i - 1));
      x = x + (step + sums.plain * growth) * change;
      if (stage >= 3) {
        const at::Tensor curve = (change - old_change) / ((sigma - run.level(i - 2)) / 2);
        x = x + (step * step / 2 + sums.moment * growth) * curve;
      }
      old_change = change;
    }
    old = denoised;
    const double variance = double(next) * next - double(sigma) * sigma * ratio * ratio;
    if (run.options.s_noise > 0) x = x + run.fresh(x, float(std::sqrt(std::max(variance, 0.0))));
  }
  return x;
}

/// Xu et al. 2023, "SEEDS: Exponential SDE Solvers for Fast High-Quality Sampling", order 2: a
/// second call at the share `r` of the step.
at::Tensor seeds_2(const SamplerRun& run, at::Tensor x) {
  const double r = run.options.r;
  const float mix = float(1 / (2 * r));
  for (int i = 0; i < run.steps(); ++i) {
    const at::Tensor denoised = run.model(x, run.level(i));
    run.finished(i, denoised);
    if (run.ends_at_zero(i)) {
      x = denoised;
      continue;
    }
    const SeedsStep step(run, i);
    CarriedNoise noise(run, step.h);
    const float middle = step.level(r);
    noise.advance(x, 0, r);
    const at::Tensor between = step.kept(r, middle) * x - step.gained(r) * denoised;
    const at::Tensor second = run.model(noise.onto(between, middle), middle);
    noise.advance(x, r, 1);
    const at::Tensor mixed = (1 - mix) * denoised + mix * second;
    x = noise.onto(step.kept(1, step.next) * x - step.gained(1) * mixed, step.next);
  }
  return x;
}

/// The same of order 3: calls at one and two thirds of the step.
at::Tensor seeds_3(const SamplerRun& run, at::Tensor x) {
  constexpr double kNear = 1.0 / 3, kFar = 2.0 / 3;
  for (int i = 0; i < run.steps(); ++i) {
    const at::Tensor denoised = run.model(x, run.level(i));
    run.finished(i, denoised);
    if (run.ends_at_zero(i)) {
      x = denoised;
      continue;
    }
    const SeedsStep step(run, i);
    CarriedNoise noise(run, step.h);
    const float near = step.level(kNear), far = step.level(kFar);
    noise.advance(x, 0, kNear);
    const at::Tensor x_near = step.kept(kNear, near) * x - step.gained(kNear) * denoised;
    const at::Tensor second = run.model(noise.onto(x_near, near), near);
    noise.advance(x, kNear, kFar);
    const float a2 = float(kFar / kNear) * phi_2(float(-kFar) * step.decay);
    const float a1 = step.gained(kFar) - a2;
    const at::Tensor x_far = step.kept(kFar, far) * x - (a1 * denoised + a2 * second);
    const at::Tensor third = run.model(noise.onto(x_far, far), far);
    noise.advance(x, kFar, 1);
    const float b3 = phi_2(-step.decay) / float(kFar), b1 = step.gained(1) - b3;
    x = noise.onto(step.kept(1, step.next) * x - (b1 * denoised + b3 * third), step.next);
  }
  return x;
}

}  // namespace heddle::diffusion
