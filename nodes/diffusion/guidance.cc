#include "nodes/diffusion/guidance.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <utility>

#include "nodes/diffusion/guidance_combine.h"
#include "nodes/diffusion/guidance_sides.h"
#include "nodes/diffusion/model_hooks.h"

namespace heddle::diffusion {
namespace {

enum Side : size_t { kPositive = kPositiveSide, kNegative = kNegativeSide, kThird, kHookThird };

bool is_one(double scale) {
  return std::abs(scale - 1) <= 1e-9 * std::max(std::abs(scale), 1.0);
}

std::vector<ModelHooks> make_hooks(const std::vector<MakeHooks>& makers) {
  std::vector<ModelHooks> hooks;
  for (const MakeHooks& make : makers) hooks.push_back(make());
  return hooks;
}

UNetHooks unet_hooks(const std::vector<ModelHooks>& hooks) {
  UNetHooks joined;
  for (const ModelHooks& patch : hooks) {
    joined.insert(joined.end(), patch.unet.begin(), patch.unet.end());
  }
  return joined;
}

/// The last patch that joins the sides in its own way, or null.
const ModelHooks* last_combining(const std::vector<ModelHooks>& hooks) {
  const auto found = std::find_if(hooks.rbegin(), hooks.rend(),
                                  [](const ModelHooks& patch) { return bool(patch.combine); });
  return found == hooks.rend() ? nullptr : &*found;
}

bool any_needs_negative(const std::vector<ModelHooks>& hooks) {
  return std::any_of(hooks.begin(), hooks.end(),
                     [](const ModelHooks& patch) { return patch.needs_negative; });
}

/// The guided model: the sides' guesses, joined by the rule and what the hooks make of it.
class GuidedModel {
 public:
  GuidedModel(Predict predict, const ModelSampling& sampling, Guidance guidance,
              Heartbeat heartbeat)
      : rule_(guidance.rule),
        scale_(guidance.scale),
        second_scale_(guidance.second_scale),
        hooks_(make_hooks(guidance.hooks)),
        combining_(last_combining(hooks_)),
        needs_negative_(any_needs_negative(hooks_)),
        sides_(std::move(predict), sampling,
               {guidance.positive, guidance.negative, guidance.third,
                combining_ ? combining_->third_side : Conditioning()},
               guidance, unet_hooks(hooks_), std::move(heartbeat)) {
    if (needs_negative_ && guidance.negative.empty()) {
      throw std::runtime_error(
          "a patch of this model compares with the negative side, and this guider has none: use one "
          "with a negative conditioning, such as CFGGuider, or take the patch away");
    }
    if (sides_.composes() && guidance.negative.empty()) {
      throw std::runtime_error(
          "positive: prompts that AND joins are measured from the negative side, and this guider has "
          "none: use one with a negative conditioning, such as CFGGuider");
    }
    needs_negative_ = needs_negative_ || sides_.composes();
  }

  Guess denoise(const at::Tensor& x, float sigma, bool with_negative) {
    const bool negative = with_negative || needs_negative_;
    switch (rule_) {
      case GuidanceRule::kDual:
        return dual(x, sigma, negative);
      case GuidanceRule::kDualNested:
        return dual_nested(x, sigma);
      case GuidanceRule::kPerpNeg:
        return perp_neg(x, sigma);
      case GuidanceRule::kClassifierFree:
        break;
    }
    std::vector<size_t> wanted{kPositive};
    if (negative || !is_one(scale_)) wanted.push_back(kNegative);
    if (has_hook_third()) wanted.push_back(kHookThird);
    const auto guesses = sides_.guess(x, sigma, wanted, kNegative);
    GuidanceStep step = make_step(x, sigma, scale_, {kPositive, kNegative, kHookThird}, guesses);
    change_before(step);
    return {join(step), step.negative};
  }

 private:
  struct Roles {
    Side positive, negative, third;
  };

  Guess dual(const at::Tensor& x, float sigma, bool with_negative) {
    const bool negative = with_negative || !is_one(second_scale_);
    const bool third = negative || !is_one(scale_);
    std::vector<size_t> wanted{kPositive};
    if (negative) wanted.push_back(kNegative);
    if (third) wanted.push_back(kThird);
    if (has_hook_third()) wanted.push_back(kHookThird);
    const auto guesses = sides_.guess(x, sigma, wanted, kNegative);
    GuidanceStep step = make_step(x, sigma, second_scale_,
                                  {third ? kThird : kPositive, kNegative, kHookThird}, guesses);
    const at::Tensor joined = join(step);
    if (!third) return {joined, {}};
    return {joined + (guesses[kPositive] - guesses[kThird]) * scale_, guesses[kNegative]};
  }

  Guess dual_nested(const at::Tensor& x, float sigma) {
    std::vector<size_t> wanted{kPositive, kNegative, kThird};
    if (has_hook_third()) wanted.push_back(kHookThird);
    const auto guesses = sides_.guess(x, sigma, wanted, kThird);
    GuidanceStep step = make_step(x, sigma, scale_, {kPositive, kThird, kHookThird}, guesses);
    const at::Tensor &away = guesses[kNegative], inner = join(step);
    return {away + (inner - away) * second_scale_, guesses[kThird]};
  }

  Guess perp_neg(const at::Tensor& x, float sigma) {
    const auto guesses = sides_.guess(x, sigma, {kPositive, kNegative, kThird}, kNegative);
    GuidanceStep step = make_step(x, sigma, scale_, {kPositive, kNegative, kThird}, guesses);
    change_before(step);
    step.denoised = perpendicular_guidance(step, second_scale_);
    change_after(step);
    return {step.denoised, step.negative};
  }

  bool has_hook_third() const { return combining_ && !combining_->third_side.empty(); }

  GuidanceStep make_step(const at::Tensor& x, float sigma, double scale, Roles roles,
                         const std::vector<at::Tensor>& guesses) {
    const auto asking = [this, sigma](Side side) {
      return [this, sigma, side](const at::Tensor& at_x, const UNetHooks& hooks) {
        return sides_.guess(at_x, sigma, {side}, std::nullopt, hooks)[side];
      };
    };
    return {x,
            sigma,
            scale,
            guesses[roles.positive],
            guesses[roles.negative],
            guesses[roles.third],
            {},
            asking(roles.positive),
            asking(roles.negative)};
  }

  void change_before(GuidanceStep& step) const {
    for (const ModelHooks& patch : hooks_) {
      if (patch.before) patch.before(step);
    }
  }

  at::Tensor join(GuidanceStep& step) const {
    step.denoised = combining_ ? combining_->combine(step) : classifier_free(step);
    change_after(step);
    return step.denoised;
  }

  void change_after(GuidanceStep& step) const {
    for (const ModelHooks& patch : hooks_) {
      if (patch.after) step.denoised = patch.after(step);
    }
  }

  GuidanceRule rule_;
  double scale_, second_scale_;
  std::vector<ModelHooks> hooks_;
  const ModelHooks* combining_;
  bool needs_negative_;
  GuidanceSides sides_;
};

}  // namespace

at::Tensor classifier_free(const GuidanceStep& step) {
  if (!step.negative.defined()) return step.positive;
  return step.negative + (step.positive - step.negative) * step.scale;
}

Denoiser guided_denoiser(Predict predict, const ModelSampling& sampling, Guidance guidance,
                         Heartbeat heartbeat) {
  auto model = std::make_shared<GuidedModel>(std::move(predict), sampling, std::move(guidance),
                                             std::move(heartbeat));
  return Denoiser([model](const at::Tensor& x, float sigma, bool with_negative) {
    return model->denoise(x, sigma, with_negative);
  });
}

}  // namespace heddle::diffusion
