// UniPC: Zhao et al. 2023, "UniPC: A Unified Predictor-Corrector Framework for Fast Sampling of
// Diffusion Models", in the variance-preserving variable y = x alpha.
#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "nodes/diffusion/fp32.h"
#include "nodes/diffusion/sampler_run.h"

namespace heddle::diffusion {
namespace {

constexpr int kMostOrder = 3;
constexpr float kLastLevel = 0.001f;  // the last level, if it is 0: lambda would be infinite

/// Signal, noise and half the logarithm of their ratio at a level. Near the last level only four
/// digits of it are there, so the order of operations is part of the result.
struct Marginal {
  float alpha, spread, lambda;
};

Marginal marginal(float sigma) {
  const float log_alpha = 0.5f * fp32::log(1 / (sigma * sigma + 1));
  const float noise_power = 1 - fp32::exp(2 * log_alpha);
  return {fp32::exp(log_alpha), fp32::sqrt(noise_power), log_alpha - 0.5f * fp32::log(noise_power)};
}

/// A guess and the lambda where it was made.
struct Guess {
  float lambda;
  at::Tensor guess;
};

using Matrix = std::vector<std::vector<float>>;

/// Solves a x = b by elimination with pivots. REQUIRES: not singular.
std::vector<float> solve(Matrix a, std::vector<float> b) {
  const size_t n = b.size();
  for (size_t column = 0; column < n; ++column) {
    size_t pivot = column;
    for (size_t row = column + 1; row < n; ++row) {
      if (std::abs(a[row][column]) > std::abs(a[pivot][column])) pivot = row;
    }
    std::swap(a[column], a[pivot]);
    std::swap(b[column], b[pivot]);
    for (size_t row = column + 1; row < n; ++row) {
      const float factor = a[row][column] / a[column][column];
      for (size_t k = column; k < n; ++k) a[row][k] -= factor * a[column][k];
      b[row] -= factor * b[column];
    }
  }
  for (size_t row = n; row-- > 0;) {
    for (size_t k = row + 1; k < n; ++k) b[row] -= a[row][k] * b[k];
    b[row] /= a[row][row];
  }
  return b;
}

/// The equations for the weights of differences at shares `shares` of the step: their powers on the
/// left, integrals on the right (equation 5 of the paper).
struct StepWeights {
  float step_function;  // B(h)
  Matrix powers;
  std::vector<float> integrals;

  StepWeights(float h, const std::vector<float>& shares, bool bh2) {
    const float hh = -h, phi = fp32::expm1(hh);
    step_function = bh2 ? phi : hh;
    float q = phi / hh - 1, factorial = 1;
    for (size_t j = 1; j <= shares.size(); ++j) {
      std::vector<float> row;
      for (const float share : shares) row.push_back(fp32::pow(share, double(j - 1)));
      powers.push_back(std::move(row));
      integrals.push_back(q * factorial / step_function);
      factorial *= float(j + 1);
      q = q / hh - 1 / factorial;
    }
  }
  std::vector<float> corrector() const {
    return powers.size() == 1 ? std::vector<float>{0.5f} : solve(powers, integrals);
  }
  /// Without the last share, which is the end of the step.
  std::vector<float> predictor() const {
    const size_t n = powers.size() - 1;
    if (n == 0) return {};
    if (n == 1) return {0.5f};
    Matrix smaller;
    for (size_t j = 0; j < n; ++j) smaller.emplace_back(powers[j].begin(), powers[j].end() - 1);
    return solve(smaller, {integrals.begin(), integrals.end() - 1});
  }
};

class UniPc {
 public:
  explicit UniPc(const SamplerRun& run) : run_(run), levels_(run.sigmas) {
    if (levels_.back() == 0) levels_.back() = kLastLevel;
  }

  at::Tensor sample(const at::Tensor& x) {
    const int steps = run_.steps(), order = std::min(kMostOrder, steps - 1);
    at::Tensor y = x / fp32::sqrt(1 + levels_[0] * levels_[0]);
    remember(0, guess(y, 0));
    run_.finished(0, history_.back().guess);
    for (int i = 1; i < steps; ++i) {
      y = step(y, i, i < order ? i : std::min(order, steps + 1 - i), true);
      if (i == steps - 1) y = step(y, steps, 1, false);
      run_.finished(i, history_.back().guess);
    }
    return y / marginal(levels_.back()).alpha;
  }

 private:
  /// The noise-free y that follows from the model's guess.
  at::Tensor guess(const at::Tensor& y, int i) const {
    const float sigma = levels_[size_t(i)];
    const Marginal at = marginal(sigma);
    const at::Tensor x = y * fp32::sqrt(sigma * sigma + 1);
    return (y - at.spread * slope(x, run_.model(x, sigma), sigma)) / at.alpha;
  }
  void remember(int i, at::Tensor guess) {
    history_.push_back({marginal(levels_[size_t(i)]).lambda, std::move(guess)});
    if (int(history_.size()) > kMostOrder) history_.erase(history_.begin());
  }

  /// From level i - 1 to level i.
  at::Tensor step(const at::Tensor& y, int i, int order, bool corrects) {
    const Marginal from = marginal(levels_[size_t(i) - 1]), to = marginal(levels_[size_t(i)]);
    const float h = to.lambda - from.lambda;
    const at::Tensor latest = history_.back().guess;
    std::vector<float> shares;
    std::vector<at::Tensor> differences;
    for (int k = 1; k < order; ++k) {
      const Guess& older = history_[history_.size() - 1 - size_t(k)];
      shares.push_back((older.lambda - from.lambda) / h);
      differences.push_back((older.guess - latest) / shares.back());
    }
    shares.push_back(1);
    const StepWeights weights(h, shares, run_.options.bh2);
    const at::Tensor plain =
        to.spread / from.spread * y - to.alpha * fp32::expm1(-h) * latest;
    const float scale = to.alpha * weights.step_function;
    const at::Tensor predicted = plain - scale * sum(differences, weights.predictor());
    if (!corrects) return predicted;
    const at::Tensor reached = guess(predicted, i);
    remember(i, reached);
    differences.push_back(reached - latest);
    return plain - scale * sum(differences, weights.corrector());
  }
  static at::Tensor sum(const std::vector<at::Tensor>& terms, const std::vector<float>& weights) {
    at::Tensor total = at::zeros({});
    for (size_t k = 0; k < weights.size(); ++k) total = total + weights[k] * terms[k];
    return total;
  }

  const SamplerRun& run_;
  Sigmas levels_;
  std::vector<Guess> history_;  // the latest last
};

}  // namespace

at::Tensor uni_pc(const SamplerRun& run, at::Tensor x) {
  return run.steps() < 1 ? x : UniPc(run).sample(x);
}

}  // namespace heddle::diffusion
