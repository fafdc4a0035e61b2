// Patches that change the guess after guidance has joined the sides.
#pragma once

#include "nodes/diffusion/model_hooks.h"

namespace heddle::diffusion {

/// Ning et al. 2024, "Elucidating the Exposure Bias in Diffusion Models": the predicted noise divided
/// by `factor`, since networks predict too much of it while sampling.
ModelHooks epsilon_scaling(double factor);

/// Fan et al. 2025, "CFG-Zero*: Improved Classifier-Free Guidance for Flow Matching Models": the
/// negative guess scaled so that it lies as near to the positive one as it can. The scale is that of
/// the predicted noises. Without the zero steps at the start, as in ComfyUI.
ModelHooks cfg_zero_star();

/// In each cell the joined guess, as a vector of channels, is at most as long as the positive one;
/// everything times `strength`.
ModelHooks cfg_norm(double strength);

/// Leans from guidance towards the positive guess alone, times cfg, the more so the more the negative
/// guess points the same way (the mean over the batch and its cells of the cosine between channels).
ModelHooks mahiro();

}  // namespace heddle::diffusion
