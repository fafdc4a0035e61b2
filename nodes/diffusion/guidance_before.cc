#include "nodes/diffusion/guidance_before.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "nodes/diffusion/frequency_window.h"
#include "nodes/diffusion/picture_sums.h"

namespace heddle::diffusion {
namespace {

/// A vector p * first + q * second.
struct Mix {
  double first = 0, second = 0;
};

/// `first` projected on the first right singular vector of (first; second), of which only the inner
/// products are known: that vector is a mix of the two by the first eigenvector of their Gram matrix.
Mix on_shared_direction(double first, double both, double second) {
  const double largest =
      (first + second + std::sqrt((first - second) * (first - second) + 4 * both * both)) / 2;
  if (!(largest > 0)) return {};
  Mix way = first >= second ? Mix{largest - second, both} : Mix{both, largest - first};
  const double length = std::hypot(way.first, way.second);
  way = length > 0 ? Mix{way.first / length, way.second / length} : Mix{1, 0};
  const double along = (way.first * first + way.second * both) / largest;
  return {along * way.first, along * way.second};
}

void damp(GuidanceStep& step) {
  if (!step.negative.defined()) return;
  const at::Tensor negative = step.x - step.negative, positive = step.x - step.positive;
  const at::Tensor nn = dot_by_picture(negative, negative),
                   np = dot_by_picture(negative, positive), pp = dot_by_picture(positive, positive);
  at::Tensor of_negative = at::empty_like(nn), of_positive = at::empty_like(nn);
  for (int64_t k = 0; k < nn.size(0); ++k) {
    const Mix mix = on_shared_direction(nn.data_ptr<double>()[k], np.data_ptr<double>()[k],
                                        pp.data_ptr<double>()[k]);
    of_negative.data_ptr<double>()[k] = mix.first;
    of_positive.data_ptr<double>()[k] = mix.second;
  }
  step.negative = step.x - (negative * of_negative.to(at::kFloat) +
                            positive * of_positive.to(at::kFloat));
}

/// What is remembered of the calls before.
struct Running {
  at::Tensor guidance;
  float sigma = 0;
};

void project(GuidanceStep& step, const AdaptiveProjection& settings, Running& before) {
  if (!step.negative.defined() || step.scale == 0) return;
  const at::Tensor difference = step.positive - step.negative;
  at::Tensor guidance = difference;
  if (settings.momentum != 0) {
    if (before.guidance.defined() && step.sigma <= before.sigma) {
      guidance = before.guidance * settings.momentum + difference;
    }
    before = {guidance, step.sigma};
  }
  if (settings.norm_threshold > 0) {
    const at::Tensor shrink = (settings.norm_threshold / norm_by_picture(guidance)).clamp_max(1);
    guidance = guidance * shrink.to(at::kFloat);
  }
  const at::Tensor along = dot_by_picture(guidance, step.positive) /
                           dot_by_picture(step.positive, step.positive).clamp_min(1e-24);
  const at::Tensor changed =
      guidance + step.positive * (along * (settings.eta - 1)).to(at::kFloat);
  step.positive = step.negative + changed + difference / step.scale;
}

}  // namespace

ModelHooks tangential_damping() { return {.before = damp}; }

MakeHooks adaptive_projection(AdaptiveProjection settings) {
  return [settings] {
    const auto before = std::make_shared<Running>();
    return ModelHooks{
        .before = [settings, before](GuidanceStep& step) { project(step, settings, *before); }};
  };
}

ModelHooks frequency_scaling(double low, double high, int64_t cutoff) {
  if (low == 1 && high == 1) return {};
  return {.before = [=](GuidanceStep& step) {
    if (!step.negative.defined()) return;
    const at::Tensor guidance = step.positive - step.negative;
    const int64_t height = std::min(cutoff, guidance.size(2) / 2),
                  width = std::min(cutoff, guidance.size(3) / 2);
    const at::Tensor lows = low_frequencies(guidance, height, width);
    step.positive = step.negative + guidance * high + lows * (low - high);
  }};
}

ModelHooks change_guidance(std::function<at::Tensor(const at::Tensor&)> change) {
  return {.before = [change = std::move(change)](GuidanceStep& step) {
    step.positive = step.negative.defined()
                        ? change(step.positive - step.negative) + step.negative
                        : change(step.positive);
  }};
}

}  // namespace heddle::diffusion
