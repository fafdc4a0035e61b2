// Samplers that fit the slopes of earlier steps: Adams-Bashforth methods and their kin.
#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>

#include "nodes/diffusion/fp32.h"
#include "nodes/diffusion/quadrature.h"
#include "nodes/diffusion/sampler_run.h"

namespace heddle::diffusion {
namespace {

/// Slopes of the last steps, the latest first.
using Slopes = std::deque<at::Tensor>;

at::Tensor weighted(const Slopes& slopes, const std::vector<double>& weights) {
  at::Tensor sum = slopes[0] * weights[0];
  for (size_t k = 1; k < weights.size(); ++k) sum = sum + slopes[k] * weights[k];
  return sum;
}

void remember(Slopes& slopes, at::Tensor latest, int most) {
  slopes.push_front(std::move(latest));
  if (int(slopes.size()) > most) slopes.pop_back();
}

/// The levels where the last `count` steps up to step `i` started, the latest first.
std::vector<double> levels_before(const SamplerRun& run, int i, size_t count) {
  std::vector<double> levels;
  for (size_t k = 0; k < count; ++k) levels.push_back(run.level(i - int(k)));
  return levels;
}

/// Runs a method that moves x by the step's length times `weights(step, known slopes)`.
template <class Weights>
at::Tensor walk(const SamplerRun& run, at::Tensor x, int most, const Weights& weights) {
  Slopes slopes;
  for (int i = 0; i < run.steps(); ++i) {
    const at::Tensor denoised = run.model(x, run.level(i));
    run.finished(i, denoised);
    remember(slopes, slope(x, denoised, run.level(i)), most);
    if (run.ends_at_zero(i)) {
      x = denoised;
    } else {
      x = x + weighted(slopes, weights(i, slopes.size()));
    }
  }
  return x;
}

/// Weights of one to four slopes for steps of unequal length; `h` are lengths, this step's first.
std::vector<double> variable_weights(const std::vector<double>& h) {
  if (h.size() == 1) return {1};
  const double q = h[0] / h[1], two = h[0] + h[1];
  if (h.size() == 2) return {(2 + q) / 2, -q / 2};
  const double three = two + h[2];
  const double third = (1 - h[0] / (3 * two) * (h[0] * two) / (h[1] * (h[1] + h[2]))) / 2;
  const double back = h[1] / h[2];
  if (h.size() == 3) return {(2 + q) / 2 + third, -q / 2 - (1 + back) * third, third * back};
  const double k = h[1] * (h[1] + h[2]) / (h[2] * (h[2] + h[3]));
  const double fourth = ((1 - h[0] / (3 * two)) / 2 +
                         (1 - h[0] / (2 * two)) * h[0] / (6 * three)) *
                        (h[0] * two * three) / (h[1] * (h[1] + h[2]) * (h[1] + h[2] + h[3]));
  return {(2 + q) / 2 + third + fourth,
          -q / 2 - (1 + back) * third - (1 + back + k) * fourth,
          third * back + (back + k * (1 + h[2] / h[3])) * fourth,
          -fourth * k * back};
}

/// The variance-preserving time of a level, in which deis fits its slopes: that of a linear beta
/// whose ends are sigma 80 at time 1 and 0.002 at 0.001 (Karras et al. 2022, table 1).
class VariancePreservingTime {
 public:
  double at(double sigma) const {
    return (std::sqrt(min_ * min_ + 2 * slope_ * power(sigma)) - min_) / slope_;
  }
  /// dsigma-like weight of a slope at time t.
  double weight(double t) const {
    const double kept = std::exp(-t * t * slope_ / 2 - t * min_);
    return 0.5 * (t * slope_ + min_) / std::sqrt(kept * (1 - kept));
  }

 private:
  static constexpr double kFirst = 1e-3, kLowest = 0.002, kHighest = 80;
  static double power(double sigma) { return std::log(sigma * sigma + 1); }

  double slope_ = 2 * (power(kLowest) / kFirst - power(kHighest)) / (kFirst - 1);
  double min_ = power(kHighest) - slope_ / 2;
};

}  // namespace

/// Linear multistep: Karras et al. 2022's reference code; exact integrals of the polynomial through
/// the slopes.
at::Tensor lms(const SamplerRun& run, at::Tensor x) {
  return walk(run, std::move(x), run.options.order, [&](int i, size_t known) {
    const Quadrature exact =
        gauss_legendre(run.level(i), run.level(i + 1), int(known + 1) / 2);
    return lagrange_integrals(levels_before(run, i, known), exact, [](double) { return 1.0; });
  });
}

/// Liu et al. 2022, "PNDM", the pseudo linear multistep method, as if steps were of equal length.
at::Tensor ipndm(const SamplerRun& run, at::Tensor x) {
  static const std::array<std::vector<double>, 4> kWeights{{
      {1},
      {3.0 / 2, -1.0 / 2},
      {23.0 / 12, -16.0 / 12, 5.0 / 12},
      {55.0 / 24, -59.0 / 24, 37.0 / 24, -9.0 / 24},
  }};
  const int most = std::min(run.options.order, 4);
  return walk(run, std::move(x), most, [&](int i, size_t known) {
    std::vector<double> weights = kWeights[known - 1];
    const double length = run.level(i + 1) - run.level(i);
    for (double& weight : weights) weight *= length;
    return weights;
  });
}

/// The same for steps of unequal length.
at::Tensor ipndm_v(const SamplerRun& run, at::Tensor x) {
  const int most = std::min(run.options.order, 4);
  return walk(run, std::move(x), most, [&](int i, size_t known) {
    std::vector<double> lengths;
    for (int k = 0; k < int(known); ++k) lengths.push_back(run.level(i + 1 - k) - run.level(i - k));
    std::vector<double> weights = variable_weights(lengths);
    for (double& weight : weights) weight *= lengths[0];
    return weights;
  });
}

/// Zhang and Chen 2023, "Fast Sampling of Diffusion Models with Exponential Integrator" (tAB-DEIS):
/// the slopes' polynomial is one in variance-preserving time. Integrals are sums over 10000 points,
/// as in the reference.
at::Tensor deis(const SamplerRun& run, at::Tensor x) {
  constexpr int kPoints = 10000;
  const VariancePreservingTime time;
  return walk(run, std::move(x), run.options.order, [&](int i, size_t known) {
    if (known == 1) return std::vector<double>{run.level(i + 1) - run.level(i)};
    std::vector<double> times;
    for (const double level : levels_before(run, i, known)) times.push_back(time.at(level));
    const Quadrature points = even_points(times[0], time.at(run.level(i + 1)), kPoints);
    return lagrange_integrals(times, points, [&](double t) { return time.weight(t); });
  });
}

/// Permenter and Yuan 2024, "Interpreting and Improving Diffusion Models from an Optimization
/// Perspective": follows `gamma` times the change of the slope.
at::Tensor gradient_estimation(const SamplerRun& run, at::Tensor x) {
  at::Tensor old;
  for (int i = 0; i < run.steps(); ++i) {
    const float length = run.level(i + 1) - run.level(i);
    const at::Tensor denoised = run.model(x, run.level(i));
    run.finished(i, denoised);
    const at::Tensor current = slope(x, denoised, run.level(i));
    if (run.ends_at_zero(i)) {
      x = denoised;
    } else {
      x = x + current * length;
      if (old.defined()) x = x + (run.options.gamma - 1) * (current - old) * length;
    }
    old = current;
  }
  return x;
}

/// The same along the negative guess (Chung et al. 2024).
at::Tensor gradient_estimation_cfg_pp(const SamplerRun& run, at::Tensor x) {
  at::Tensor old;
  for (int i = 0; i < run.steps(); ++i) {
    const float length = run.level(i + 1) - run.level(i);
    const Guess guess = run.model.both(x, run.level(i));
    run.finished(i, guess.denoised);
    const at::Tensor current = slope(x, guess.negative, run.level(i));
    if (run.ends_at_zero(i)) {
      x = guess.denoised;
    } else {
      x = guess.denoised + current * run.level(i + 1);
      if (old.defined()) x = x + (run.options.gamma - 1) * (current - old) * length;
    }
    old = current;
  }
  return x;
}

}  // namespace heddle::diffusion
