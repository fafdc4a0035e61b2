#include "nodes/diffusion/schedules_levels.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "nodes/diffusion/beta_quantile.h"
#include "nodes/diffusion/fp32.h"

namespace heddle::diffusion {
namespace {

Sigmas to_sigmas(const at::Tensor& levels) {
  const float* first = levels.const_data_ptr<float>();
  return {first, first + levels.numel()};
}

Sigmas then_zero(const at::Tensor& levels) {
  Sigmas sigmas = to_sigmas(levels);
  sigmas.push_back(0);
  return sigmas;
}

at::Tensor even(double first, double last, int count) {
  return at::linspace(first, last, count, at::kFloat);
}

}  // namespace

Sigmas karras_levels(int steps, SigmaRange range, double rho) {
  const double low = std::pow(range.min, 1 / rho), high = std::pow(range.max, 1 / rho);
  return then_zero((high + even(0, 1, steps) * (low - high)).pow(rho));
}

Sigmas exponential_levels(int steps, SigmaRange range) {
  return then_zero(even(std::log(range.max), std::log(range.min), steps).exp());
}

Sigmas polyexponential_levels(int steps, SigmaRange range, double rho) {
  const double low = std::log(range.min), high = std::log(range.max);
  return then_zero((even(1, 0, steps).pow(rho) * (high - low) + low).exp());
}

Sigmas laplace_levels(int steps, SigmaRange range, double mu, double beta) {
  constexpr double kKeepsFinite = 1e-5;
  const at::Tensor side = 0.5 - even(0, 1, steps);
  const at::Tensor log_sigmas = mu - beta * side.sign() * (1 - 2 * side.abs() + kKeepsFinite).log();
  return to_sigmas(log_sigmas.exp().clamp(range.min, range.max));
}

Sigmas variance_preserving_levels(int steps, double beta_d, double beta_min, double last) {
  const at::Tensor t = even(1, last, steps);
  return then_zero((beta_d * t.pow(2) / 2 + beta_min * t).expm1().sqrt());
}

Sigmas beta_levels(const ModelSampling& sampling, int steps, double alpha, double beta) {
  if (!(alpha > 0 && beta > 0)) {
    throw std::runtime_error("a beta schedule needs alpha and beta above 0, got " +
                             std::to_string(alpha) + " and " + std::to_string(beta));
  }
  const double last_entry = double(sampling.sigmas.size() - 1);
  Sigmas sigmas;
  double previous = -1;
  for (int i = 0; i < steps; ++i) {
    const double share = 1 - i * (1.0 / steps);
    const double entry = std::nearbyint(beta_quantile(share, alpha, beta) * last_entry);
    if (entry != previous) sigmas.push_back(sampling.sigmas[size_t(entry)]);
    previous = entry;
  }
  sigmas.push_back(0);
  return sigmas;
}

Sigmas turbo_levels(const ModelSampling& sampling, int steps, double denoise) {
  constexpr int kTenths = 10;
  Sigmas sigmas;
  const int first = kTenths - int(kTenths * denoise);
  for (int i = first; i < std::min(first + steps, kTenths); ++i) {
    sigmas.push_back(sampling.sigma(float((kTenths - i) * 100 - 1)));
  }
  sigmas.push_back(0);
  return sigmas;
}

}  // namespace heddle::diffusion
