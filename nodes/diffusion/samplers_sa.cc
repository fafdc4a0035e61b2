// SA-Solver: Xue et al. 2023, "SA-Solver: Stochastic Adams Solver for Fast Sampling of Diffusion
// Models". A predictor and a corrector fit the guesses of several steps in time t = -ln sigma; noise
// of the share tau is added at some levels only.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "nodes/diffusion/fp32.h"
#include "nodes/diffusion/quadrature.h"
#include "nodes/diffusion/sampler_run.h"

namespace heddle::diffusion {
namespace {

struct Moment {
  float time;
  at::Tensor denoised;
};

/// A step of the predictor; the corrector goes over it again with one guess more.
struct SaStep {
  float from, to;  // levels
  float tau;
  at::Tensor noise;  // undefined: none

  float h() const { return log_time(to) - log_time(from); }
  /// 1 + tau^2: how much faster than without noise what was there fades.
  float fading() const { return 1 + tau * tau; }
  float kept() const { return to / from * fp32::exp(-(tau * tau) * h()); }
};

/// The paper's coefficients of order 2 for guesses before (first) and at (second) the step's start;
/// for the corrector at its start and its end.
std::vector<double> simple_coefficients(const SaStep& step, float before, bool corrects) {
  const double fading = step.fading(), h = step.h();
  const double whole = -std::expm1(-h * fading);
  if (corrects) {
    const double latest = 0.5 * fading * h;
    return {whole - latest, latest};
  }
  const double older = 0.5 * fading * h * h / (before - log_time(step.from));
  return {older, whole - older};
}

/// Weights of the last guesses: integrals of the polynomial through them, fading towards the end.
std::vector<double> coefficients(const SaStep& step, const std::vector<double>& times) {
  constexpr int kPoints = 32;
  const double end = log_time(step.to), fading = step.fading();
  return lagrange_integrals(times, gauss_legendre(log_time(step.from), end, kPoints),
                            [&](double t) { return fading * std::exp(fading * (t - end)); });
}

class SaSampler {
 public:
  explicit SaSampler(const SamplerRun& run) : run_(run), options_(run.options.sa) {
    const auto level = [&](double percent) { return run.sampling.percent_to_sigma(percent); };
    noisy_ = options_.noisy.value_or(LevelRange{level(0.2), level(0.8)});
  }

  at::Tensor sample(at::Tensor x) {
    at::Tensor predicted = x;
    for (int i = 0; i < run_.steps(); ++i) {
      at::Tensor denoised = run_.model(predicted, run_.level(i));
      run_.finished(i, denoised);
      history_.push_back({log_time(run_.level(i)), denoised});
      const int corrector = corrector_order(i);
      x = corrector == 0 ? predicted : moved(x, corrector, true);
      if (corrector > 0 && options_.evaluates_again) {
        denoised = run_.model(x, run_.level(i));
        history_.back().denoised = denoised;
      }
      if (run_.ends_at_zero(i)) {
        x = denoised;
        continue;
      }
      predict(x, i);
      predicted = moved(x, predictor_order(i), false);
    }
    return x;
  }

 private:
  /// Orders grow with the history and fall again towards a last level of 0.
  int limited(int order, int i, int left) const {
    order = std::min(order, int(history_.size()));
    return run_.sigmas.back() == 0 ? std::min(order, run_.steps() - left - i) : order;
  }
  int predictor_order(int i) const { return limited(options_.predictor_order, i, 1); }
  int corrector_order(int i) const {
    const bool is_wasted = run_.ends_at_zero(i) && !options_.evaluates_again;
    return i == 0 || is_wasted ? 0 : limited(options_.corrector_order, i, 0);
  }

  void predict(const at::Tensor& x, int i) {
    const float to = run_.level(i + 1);
    const bool noisy = noisy_.high >= to && to >= noisy_.low;
    step_ = {run_.level(i), to, noisy ? float(run_.options.eta) : 0, {}};
    if (step_.tau == 0 || run_.options.s_noise == 0) return;
    const float lost = -fp32::expm1(-2 * (step_.tau * step_.tau) * step_.h());
    step_.noise = run_.fresh(x, to * fp32::sqrt(lost));
  }

  at::Tensor moved(const at::Tensor& x, int order, bool corrects) const {
    const auto first = history_.end() - order;
    std::vector<double> times;
    for (auto it = first; it != history_.end(); ++it) times.push_back(it->time);
    const std::vector<double> weights =
        order == 2 && options_.simple_order_2
            ? simple_coefficients(step_, float(times[0]), corrects)
            : coefficients(step_, times);
    at::Tensor result = x * step_.kept();
    for (int k = 0; k < order; ++k) result = result + first[k].denoised * weights[size_t(k)];
    return step_.noise.defined() ? result + step_.noise : result;
  }

  const SamplerRun& run_;
  const SaSolver& options_;
  LevelRange noisy_;
  std::vector<Moment> history_;
  SaStep step_;
};

}  // namespace

at::Tensor sa_solver(const SamplerRun& run, at::Tensor x) {
  return SaSampler(run).sample(std::move(x));
}

}  // namespace heddle::diffusion
