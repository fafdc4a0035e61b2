#include "nodes/diffusion/guidance_combine.h"

#include <ATen/ATen.h>

#include <utility>

#include "nodes/diffusion/fp32.h"
#include "nodes/diffusion/picture_sums.h"

namespace heddle::diffusion {
namespace {

at::Tensor rescaled(const GuidanceStep& step, double multiplier) {
  if (!step.negative.defined()) return step.positive;
  // v = (x / (sigma^2 + 1) - D) * sqrt(sigma^2 + 1) / sigma
  const float power = step.sigma * step.sigma + 1, root = fp32::sqrt(power);
  const at::Tensor origin = step.x / power;
  const auto to_v = [&](const at::Tensor& denoised) {
    return (origin - denoised) * root / step.sigma;
  };
  const at::Tensor positive = to_v(step.positive), negative = to_v(step.negative);
  const at::Tensor joined = negative + (positive - negative) * step.scale;
  const at::Tensor ratio =
      (deviation_by_picture(positive) / deviation_by_picture(joined)).to(at::kFloat);
  const at::Tensor v = joined * ratio * multiplier + joined * (1 - multiplier);
  return origin - v * step.sigma / root;
}

at::Tensor renormed(const GuidanceStep& step, double renorm) {
  const at::Tensor joined = classifier_free(step);
  if (renorm <= 0) return joined;
  const at::Tensor limit = norm_by_picture(step.positive) * renorm,
                   length = norm_by_picture(joined);
  return joined * at::where(length >= limit, limit / length, at::ones_like(length)).to(at::kFloat);
}

/// The negative side is needed at cfg 1 too, if some frame has another scale.
template <class Scales>
ModelHooks cfg_by_frame(double first, Scales scales) {
  const auto combine = [scales](const GuidanceStep& step) {
    if (!step.negative.defined()) return step.positive;
    const at::Tensor by_frame = scales(step.x.size(0), step.scale).reshape({-1, 1, 1, 1});
    return step.negative + (step.positive - step.negative) * by_frame;
  };
  return {.combine = combine, .needs_negative = first != 1};
}

}  // namespace

ModelHooks rescale_cfg(double multiplier) {
  if (multiplier == 0) return {.combine = classifier_free};
  return {.combine = [=](const GuidanceStep& step) { return rescaled(step, multiplier); }};
}

ModelHooks renorm_cfg(double truncate, double renorm) {
  return {.combine = [=](const GuidanceStep& step) {
    return double(step.sigma) < truncate ? renormed(step, renorm) : step.positive;
  }};
}

ModelHooks linear_cfg(double first) {
  return cfg_by_frame(first, [first](int64_t frames, double scale) {
    return at::linspace(first, scale, frames, at::kFloat);
  });
}

ModelHooks triangle_cfg(double first) {
  return cfg_by_frame(first, [first](int64_t frames, double scale) {
    const at::Tensor place = at::linspace(0, 1, frames, at::kFloat);
    const at::Tensor height = (place - (place + 0.5).floor()).abs() * 2;  // 0 at both ends, 1 between
    return height * (scale - first) + first;
  });
}

at::Tensor perpendicular_guidance(const GuidanceStep& step, double negative_scale) {
  const at::Tensor positive = step.positive - step.third, negative = step.negative - step.third;
  const double along = dot_by_picture(negative, positive).sum().item<double>(),
               length = dot_by_picture(positive, positive).sum().item<double>();
  const at::Tensor away = length > 0 ? negative - positive * (along / length) : negative;
  return step.third + (positive - away * negative_scale) * step.scale;
}

ModelHooks perp_neg(Conditioning empty, double negative_scale) {
  return {.combine =
              [=](const GuidanceStep& step) { return perpendicular_guidance(step, negative_scale); },
          .third_side = std::move(empty),
          .needs_negative = true};
}

}  // namespace heddle::diffusion
