// A closed form in the U-Net's place: every part around it is the real one, and every number can be
// checked.
#pragma once

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "nodes/diffusion/guidance.h"

namespace heddle::test {

/// What the goldens of samplers were made with.
struct ToyModel {
  float a = 0.9f, bw = 0.35f, bh = -0.25f, bc = 0.15f, c0 = 0.35f, c1 = 0.15f, w = 0.003f;
  float out = 0.8f, lin = 0.25f;

  /// Neighbours wrap around; context [N, 1, C] has one value a channel.
  at::Tensor predict(const at::Tensor& x, const at::Tensor& timesteps,
                     const at::Tensor& context) const {
    const at::Tensor t = timesteps.reshape({-1, 1, 1, 1});
    const at::Tensor c = context.select(1, 0).unsqueeze(2).unsqueeze(3);
    const at::Tensor g = c0 + c1 * (w * t).cos();
    const at::Tensor h =
        a * x + bw * x.roll({1}, {3}) + bh * x.roll({1}, {2}) + bc * x.roll({1}, {1}) + c * g;
    return out * h.tanh() + lin * x;
  }
};

inline diffusion::ModelSampling toy_sampling(const std::string& model) {
  using namespace diffusion;
  const auto zero_snr = [](Prediction prediction) {
    return rescale_zero_terminal_snr(stable_diffusion_sampling(prediction));
  };
  if (model == "v") return stable_diffusion_sampling(Prediction::kV);
  if (model == "v_zsnr") return zero_snr(Prediction::kV);
  if (model == "x0") return stable_diffusion_sampling(Prediction::kSample);
  if (model == "img_to_img") return stable_diffusion_sampling(Prediction::kImage);
  if (model == "lcm") return consistency_sampling(stable_diffusion_sampling());
  if (model == "lcm_zsnr") return consistency_sampling(zero_snr(Prediction::kEps));
  if (model == "edm_v") return continuous_sampling(Prediction::kV, Timesteps::kLog, 0.002, 120);
  if (model == "edm_playground") {
    return continuous_sampling(Prediction::kEdm, Timesteps::kLog, 0.002, 80, 0.5);
  }
  return stable_diffusion_sampling();
}

inline diffusion::Conditioning toy_conditioning(const nlohmann::json& values) {
  diffusion::ConditioningEntry entry;
  entry.cross_attention = at::tensor(values.get<std::vector<float>>()).reshape({1, 1, -1});
  return {entry};
}

}  // namespace heddle::test
