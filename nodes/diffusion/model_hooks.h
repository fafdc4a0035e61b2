// What a patch of a model does while it is sampled with: changes of the guesses before guidance
// joins them, another way to join them, changes of the joined guess (which may ask the network
// again), and hooks inside of the U-Net. Patches are data in a MODEL, in the order of their nodes.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "nodes/diffusion/guidance.h"
#include "nodes/diffusion/unet_hooks.h"

namespace heddle::diffusion {

/// One guess in the making. All latents are [B, C, H, W].
struct GuidanceStep {
  /// The guess for a side at x, in the same call of the sampler, with further hooks in the network.
  using Ask = std::function<at::Tensor(const at::Tensor& x, const UNetHooks& hooks)>;

  at::Tensor x;
  float sigma = 0;
  double scale = 1;     // cfg
  at::Tensor positive;  // D(x, sigma) of the positive side
  at::Tensor negative;  // of the negative side; undefined where scale 1 makes it needless
  at::Tensor third;     // of ModelHooks::third_side, undefined if there is none
  at::Tensor denoised;  // what guidance made of them; set for `after` only
  Ask ask_positive, ask_negative;
};

/// negative + (positive - negative) * scale, or the positive guess alone.
at::Tensor classifier_free(const GuidanceStep& step);

/// All members may be unset.
struct ModelHooks {
  /// Changes `positive` and `negative`. Not used by guiders that join three sides in their own way.
  std::function<void(GuidanceStep& step)> before = {};
  /// In place of classifier_free. The last patch that has one counts.
  std::function<at::Tensor(const GuidanceStep& step)> combine = {};
  /// A further side for `combine`, steered as a negative one.
  Conditioning third_side = {};
  /// Gives the new `denoised`.
  std::function<at::Tensor(const GuidanceStep& step)> after = {};
  UNetHooks unet = {};
  bool needs_negative = false;  // at scale 1 too
};

/// Hooks that keep nothing from step to step.
inline MakeHooks constant_hooks(ModelHooks hooks) {
  return [hooks = std::move(hooks)] { return hooks; };
}

}  // namespace heddle::diffusion
