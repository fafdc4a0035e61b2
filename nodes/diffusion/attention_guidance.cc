#include "nodes/diffusion/attention_guidance.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>

#include "nodes/diffusion/blur.h"
#include "nodes/diffusion/ops.h"

namespace heddle::diffusion {
namespace {

constexpr int64_t kBlurRadius = 4;
constexpr double kLookedAt = 1;  // more than the mean over tokens

/// Writes down how much tokens of the negative side are looked at; changes nothing.
UNetHook recorder(const std::shared_ptr<at::Tensor>& received) {
  return {.self_attention = [received](const at::Tensor& q, const at::Tensor& k, const at::Tensor&,
                                       int64_t heads, const UNetPlace& place) {
    const bool first_middle = place.stage == UNetPlace::Stage::kMiddle && place.layer == 0;
    if (first_middle && place.negatives > 0) {
      const auto negative = [&](const at::Tensor& rows) {
        return rows.narrow(0, place.first_negative, place.negatives);
      };
      *received = attention_received(negative(q), negative(k), heads);
    }
    return at::Tensor();
  }};
}

/// 1 where the picture is looked at, 0 elsewhere: [B, 1, H, W].
at::Tensor mask_of(const at::Tensor& received, int64_t height, int64_t width) {
  const auto [rows, columns] = token_grid(received.size(1), height, width);
  const at::Tensor mask =
      received.gt(kLookedAt).to(at::kFloat).view({received.size(0), 1, rows, columns});
  return upsample_nearest(mask, height, width);
}

at::Tensor away_from_blurred(const GuidanceStep& step, const at::Tensor& received, double scale,
                             double blur_sigma) {
  if (!received.defined()) {
    throw std::runtime_error(
        "SelfAttentionGuidance looks at the attention of the negative side, and at this noise level "
        "no negative conditioning counts over the whole picture: add one without area or time range");
  }
  const at::Tensor mask = mask_of(received, step.x.size(2), step.x.size(3));
  const at::Tensor blurred =
      blur_sigma > 0
          ? filter(step.negative, gaussian_kernel(kBlurRadius, blur_sigma / kBlurRadius))
          : step.negative;
  const at::Tensor degraded = blurred * mask + step.negative * (1 - mask);
  const at::Tensor guess = step.ask_negative(degraded + (step.x - step.negative), {});
  return step.denoised + (degraded - guess) * scale;
}

}  // namespace

ModelHooks perturbed_attention(double scale) {
  if (scale == 0) return {};
  const UNetHook identity{.self_attention = [](const at::Tensor&, const at::Tensor&,
                                               const at::Tensor& v, int64_t,
                                               const UNetPlace& place) {
    return place.stage == UNetPlace::Stage::kMiddle ? v : at::Tensor();
  }};
  return {.after = [=](const GuidanceStep& step) {
    return step.denoised + (step.positive - step.ask_positive(step.x, {identity})) * scale;
  }};
}

MakeHooks self_attention_guidance(double scale, double blur_sigma) {
  if (scale == 0) return constant_hooks({});
  return [=] {
    const auto received = std::make_shared<at::Tensor>();
    const auto after = [=](const GuidanceStep& step) {
      const at::Tensor map = std::exchange(*received, {});
      if (std::min(step.x.size(2), step.x.size(3)) <= kBlurRadius) return step.denoised;
      return away_from_blurred(step, map, scale, blur_sigma);
    };
    return ModelHooks{.after = after, .unet = {recorder(received)}, .needs_negative = true};
  };
}

at::Tensor attention_received(const at::Tensor& q, const at::Tensor& k, int64_t heads) {
  const int64_t batch = q.size(0), tokens = q.size(1), width = q.size(2) / heads;
  const double scale = 1 / std::sqrt(double(width));
  at::Tensor received = at::zeros({batch, tokens}, at::kDouble);
  for (int64_t b = 0; b < batch; ++b) {
    double* sums = received.data_ptr<double>() + b * tokens;
    for (int64_t head = 0; head < heads; ++head) {
      const auto part = [&](const at::Tensor& x) {
        return x.select(0, b).narrow(1, head * width, width).contiguous();
      };
      const Linear keys{part(k), {}};
      const at::Tensor looks = at::softmax(linear(part(q).unsqueeze(0), keys) * scale, -1);
      const float* look = looks.data_ptr<float>();
      for (int64_t i = 0; i < tokens * tokens; ++i) sums[i % tokens] += look[i];
    }
  }
  return received / double(heads);
}

std::pair<int64_t, int64_t> token_grid(int64_t tokens, int64_t height, int64_t width) {
  const auto wanted = int64_t(
      std::nearbyint(std::sqrt(double(height) / double(width) * double(tokens))));
  const auto fits = [&](int64_t rows) { return rows >= 1 && tokens % rows == 0; };
  for (int64_t away = 0; away < tokens; ++away) {
    for (const int64_t rows : {wanted + away, std::max<int64_t>(1, wanted - away)}) {
      if (fits(rows)) return {rows, tokens / rows};
    }
  }
  return {1, tokens};
}

}  // namespace heddle::diffusion
