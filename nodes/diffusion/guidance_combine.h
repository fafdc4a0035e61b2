// Ways to join the guesses of two sides that stand in the place of classifier-free guidance.
#pragma once

#include "nodes/diffusion/model_hooks.h"

namespace heddle::diffusion {

/// Lin et al. 2024, "Common Diffusion Noise Schedules and Sample Steps Are Flawed", section 3.4:
/// guidance raises the contrast, so the joined v is brought back to the deviation of the positive
/// one, by the share `multiplier`. Whatever the model predicts, it is done in v.
ModelHooks rescale_cfg(double multiplier);

/// Guidance whose result is never longer than `renorm` times the positive guess (0: no limit), and
/// which is left out altogether from the noise level `truncate` on.
ModelHooks renorm_cfg(double truncate, double renorm);

/// The pictures of a batch are the frames of a film, and their scales go evenly from `first` to the
/// cfg, or from `first` to the cfg in the middle and back again.
ModelHooks linear_cfg(double first);
ModelHooks triangle_cfg(double first);

/// Armandpour et al. 2023, "Re-imagine the Negative Prompt Algorithm": of the negative guess only what
/// is perpendicular to the positive one is kept away from, both seen from the guess of the empty
/// prompt (step.third). The angle is that of the whole batch, as in ComfyUI.
at::Tensor perpendicular_guidance(const GuidanceStep& step, double negative_scale);
ModelHooks perp_neg(Conditioning empty, double negative_scale);

}  // namespace heddle::diffusion
