#include "nodes/diffusion/model_sampling.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "nodes/diffusion/fp32.h"

namespace heddle::diffusion {
namespace {

constexpr int kTimesteps = 1000;
// Left of the signal's power at the last step of a rescaled schedule: zero would make sigma
// infinite.
constexpr double kTerminalAlphaBar = 4.8973451890853435e-08;
// Stands for "before the first step" wherever a sigma is compared with a share of the schedule.
constexpr float kBeforeFirstStep = 999999999.9f;

ModelSampling from_alpha_bar(Prediction prediction, std::vector<double> alpha_bar) {
  ModelSampling sampling{prediction, std::move(alpha_bar), {}, {}};
  for (const double a : sampling.alpha_bar) {
    const double sigma = std::sqrt((1 - a) / a);
    sampling.sigmas.push_back(float(sigma));
    sampling.log_sigmas.push_back(float(std::log(sigma)));
  }
  return sampling;
}

}  // namespace

float ModelSampling::timestep(float sigma) const {
  const float log_sigma = fp32::log(sigma);
  const auto nearer = [&](float a, float b) {
    return std::abs(log_sigma - a) < std::abs(log_sigma - b);
  };
  return float(std::min_element(log_sigmas.begin(), log_sigmas.end(), nearer) - log_sigmas.begin());
}

float ModelSampling::sigma(float timestep) const {
  const float t = std::clamp(timestep, 0.f, float(sigmas.size() - 1));
  const float low = std::floor(t), high = std::ceil(t), weight = t - low;
  return fp32::exp((1 - weight) * log_sigmas[size_t(low)] + weight * log_sigmas[size_t(high)]);
}

float ModelSampling::percent_to_sigma(double percent) const {
  if (percent <= 0) return kBeforeFirstStep;
  if (percent >= 1) return 0;
  return sigma(float((1 - percent) * double(sigmas.size() - 1)));
}

at::Tensor ModelSampling::scale_input(const at::Tensor& x, float sigma) const {
  return x / fp32::sqrt(sigma * sigma + 1);
}

at::Tensor ModelSampling::denoised(const at::Tensor& x, const at::Tensor& output,
                                   float sigma) const {
  if (prediction == Prediction::kEps) return x - output * sigma;
  const float power = sigma * sigma + 1;
  return x / power - output * sigma / fp32::sqrt(power);
}

at::Tensor ModelSampling::start(const at::Tensor& latent, const at::Tensor& noise,
                                float sigma) const {
  const double distance = std::abs(double(sigma) - double(sigma_max()));
  const bool is_max =
      sigma > sigma_max() || distance <= 1e-5 * double(std::max(sigma, sigma_max()));
  return noise * (is_max ? fp32::sqrt(1 + sigma * sigma) : sigma) + latent;
}

ModelSampling stable_diffusion_sampling(Prediction prediction) {
  const double first = std::sqrt(0.00085), last = std::sqrt(0.012);
  const double step = (last - first) / (kTimesteps - 1);
  std::vector<double> alpha_bar;
  double product = 1;
  for (int i = 0; i < kTimesteps; ++i) {
    // Counted from the nearer end, so that both ends are exact.
    const double root = i < kTimesteps / 2 ? first + i * step : last - (kTimesteps - 1 - i) * step;
    product *= 1 - root * root;
    alpha_bar.push_back(product);
  }
  return from_alpha_bar(prediction, std::move(alpha_bar));
}

ModelSampling rescale_zero_terminal_snr(const ModelSampling& sampling) {
  const double first = std::sqrt(sampling.alpha_bar.front());
  const double last = std::sqrt(sampling.alpha_bar.back());
  std::vector<double> alpha_bar;
  for (const double a : sampling.alpha_bar) {
    const double root = (std::sqrt(a) - last) * (first / (first - last));
    alpha_bar.push_back(root * root);
  }
  alpha_bar.back() = kTerminalAlphaBar;
  return from_alpha_bar(sampling.prediction, std::move(alpha_bar));
}

}  // namespace heddle::diffusion
