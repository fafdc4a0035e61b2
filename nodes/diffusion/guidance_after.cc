#include "nodes/diffusion/guidance_after.h"

#include <ATen/ATen.h>

#include "nodes/diffusion/picture_sums.h"

namespace heddle::diffusion {
namespace {

constexpr double kTiny = 1e-8;  // against division by zero

at::Tensor lengths_by_cell(const at::Tensor& x) { return dot_by_cell(x, x).sqrt(); }

at::Tensor signed_root(const at::Tensor& x) { return x.abs().sqrt() * x.sign(); }

/// The mean cosine of the angles between the cells' vectors.
double similarity(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor lengths =
      lengths_by_cell(a).clamp_min(kTiny) * lengths_by_cell(b).clamp_min(kTiny);
  const at::Tensor cosines = (dot_by_cell(a, b) / lengths).contiguous();
  double sum = 0;
  for (int64_t i = 0; i < cosines.numel(); ++i) sum += cosines.data_ptr<double>()[i];
  return sum / double(cosines.numel());
}

at::Tensor zero_star(const GuidanceStep& step) {
  if (!step.negative.defined()) return step.denoised;
  const at::Tensor negative = step.x - step.negative, positive = step.x - step.positive;
  const at::Tensor fit =
      dot_by_picture(positive, negative) / (dot_by_picture(negative, negative) + kTiny);
  return step.denoised + step.negative * ((fit - 1) * (1 - step.scale)).to(at::kFloat);
}

at::Tensor leaning(const GuidanceStep& step) {
  if (!step.negative.defined()) return step.denoised;
  const at::Tensor alone = step.positive * step.scale;
  const double same = similarity(signed_root(step.negative * step.scale),
                                 signed_root((alone + step.denoised) / 2));
  const double share = (same + 1) / 2;
  return step.denoised * share + alone * (1 - share);
}

}  // namespace

ModelHooks epsilon_scaling(double factor) {
  return {.after = [=](const GuidanceStep& step) {
    return step.denoised + (step.x - step.denoised) * (1 - 1 / factor);
  }};
}

ModelHooks cfg_zero_star() { return {.after = zero_star}; }

ModelHooks cfg_norm(double strength) {
  return {.after = [=](const GuidanceStep& step) {
    const at::Tensor ratio =
        lengths_by_cell(step.positive) / (lengths_by_cell(step.denoised) + kTiny);
    return step.denoised * (ratio.clamp_max(1) * strength).to(at::kFloat);
  }};
}

ModelHooks mahiro() { return {.after = leaning}; }

}  // namespace heddle::diffusion
