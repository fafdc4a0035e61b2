#include "nodes/diffusion/model_sampling.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "nodes/diffusion/fp32.h"

namespace heddle::diffusion {
namespace {

constexpr int kTimesteps = 1000;
// Left of the signal's power at the last step of a rescaled schedule: zero would make sigma
// infinite.
constexpr double kTerminalAlphaBar = 4.8973451890853435e-08;
// Stands for "before the first step" wherever a sigma is compared with a share of the schedule.
constexpr float kBeforeFirstStep = 999999999.9f;
constexpr int kConsistencyLevels = 50;
constexpr float kPi = std::numbers::pi_v<float>;

ModelSampling from_alpha_bar(Prediction prediction, std::vector<double> alpha_bar) {
  ModelSampling sampling{.prediction = prediction, .alpha_bar = std::move(alpha_bar)};
  for (const double a : sampling.alpha_bar) {
    const double sigma = std::sqrt((1 - a) / a);
    sampling.sigmas.push_back(float(sigma));
    sampling.log_sigmas.push_back(float(std::log(sigma)));
  }
  return sampling;
}

/// At the smallest timestep the network's input counts as it is, later only the guess does.
at::Tensor consistent(const at::Tensor& x, const at::Tensor& guess, float timestep) {
  constexpr float kSigmaData = 0.5f, kTimestepScale = 10;
  const float t = timestep * kTimestepScale, power = t * t + kSigmaData * kSigmaData;
  return (t / fp32::sqrt(power)) * guess + (kSigmaData * kSigmaData / power) * x;
}

}  // namespace

float ModelSampling::timestep(float sigma) const {
  const float log_sigma = fp32::log(sigma);
  if (timesteps == Timesteps::kLog) return 0.25f * log_sigma;
  if (timesteps == Timesteps::kAngle) return fp32::atan(sigma) / kPi * 2;
  const auto nearer = [&](float a, float b) {
    return std::abs(log_sigma - a) < std::abs(log_sigma - b);
  };
  const auto entry = std::min_element(log_sigmas.begin(), log_sigmas.end(), nearer);
  return float((entry - log_sigmas.begin()) * stride + (stride - 1));
}

float ModelSampling::sigma(float timestep) const {
  if (timesteps == Timesteps::kLog) return fp32::exp(timestep / 0.25f);
  if (timesteps == Timesteps::kAngle) return fp32::tan(timestep * kPi / 2);
  const float entry = (timestep - float(stride - 1)) / float(stride);
  const float t = std::clamp(entry, 0.f, float(sigmas.size() - 1));
  const float low = std::floor(t), high = std::ceil(t), weight = t - low;
  return fp32::exp((1 - weight) * log_sigmas[size_t(low)] + weight * log_sigmas[size_t(high)]);
}

float ModelSampling::percent_to_sigma(double percent) const {
  if (percent <= 0) return kBeforeFirstStep;
  if (percent >= 1) return 0;
  if (timesteps == Timesteps::kTable) return sigma(float((1 - percent) * (kTimesteps - 1)));
  const double low = std::log(double(sigma_min())), high = std::log(double(sigma_max()));
  return float(std::exp((high - low) * (1 - percent) + low));
}

at::Tensor ModelSampling::scale_input(const at::Tensor& x, float sigma) const {
  if (prediction == Prediction::kImage) return x;
  return x / fp32::sqrt(sigma * sigma + float(sigma_data * sigma_data));
}

at::Tensor ModelSampling::denoised(const at::Tensor& x, const at::Tensor& output,
                                   float sigma) const {
  switch (prediction) {
    case Prediction::kSample:
    case Prediction::kImage:
      return output;
    case Prediction::kEps:
      return x - output * sigma;
    case Prediction::kConsistency:
      return consistent(x, x - output * sigma, timestep(sigma));
    case Prediction::kV:
    case Prediction::kEdm:
      break;
  }
  const float data = float(sigma_data), power = sigma * sigma + data * data;
  const at::Tensor kept = x * (data * data) / power;
  const at::Tensor change = output * sigma * data / fp32::sqrt(power);
  return prediction == Prediction::kV ? kept - change : kept + change;
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

ModelSampling consistency_sampling(const ModelSampling& sampling) {
  const int stride = kTimesteps / kConsistencyLevels;
  ModelSampling distilled{.prediction = Prediction::kConsistency, .stride = stride};
  for (size_t i = size_t(stride - 1); i < sampling.sigmas.size(); i += size_t(stride)) {
    distilled.alpha_bar.push_back(sampling.alpha_bar[i]);
    distilled.sigmas.push_back(sampling.sigmas[i]);
    distilled.log_sigmas.push_back(fp32::log(sampling.sigmas[i]));
  }
  return distilled;
}

ModelSampling continuous_sampling(Prediction prediction, Timesteps timesteps, double sigma_min,
                                  double sigma_max, double sigma_data) {
  ModelSampling sampling{
      .prediction = prediction, .timesteps = timesteps, .sigma_data = sigma_data};
  const at::Tensor table =
      at::linspace(std::log(sigma_min), std::log(sigma_max), kTimesteps).exp();
  const at::Tensor logs = table.log();
  for (int i = 0; i < kTimesteps; ++i) {
    sampling.sigmas.push_back(table.const_data_ptr<float>()[i]);
    sampling.log_sigmas.push_back(logs.const_data_ptr<float>()[i]);
  }
  return sampling;
}

}  // namespace heddle::diffusion
