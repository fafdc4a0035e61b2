// Patches that change the guesses of the two sides before guidance joins them. At cfg 1, where there
// is no negative guess, they do nothing unless they say otherwise.
#pragma once

#include "nodes/diffusion/model_hooks.h"

namespace heddle::diffusion {

/// Kwon et al. 2025, "TCFG: Tangential Damping Classifier-free Guidance": of the negative score only
/// the part along the direction that both scores share most (the first right singular vector of the
/// two) is kept.
ModelHooks tangential_damping();

struct AdaptiveProjection {
  double eta = 1;             // share kept of the guidance along the positive guess
  double norm_threshold = 5;  // guidance is never longer; 0: no limit
  double momentum = 0;        // of the guidance of the calls before; negative ones push away from it
};
/// Sadat et al. 2024, "Eliminating Oversaturation and Artifacts of High Guidance Scales in Diffusion
/// Models". The plain difference of the sides is added once and the changed one cfg times, as in
/// ComfyUI (cfg here is the paper's less one). The memory begins anew when the noise rises.
MakeHooks adaptive_projection(AdaptiveProjection settings);

/// Huang et al. 2025, "FreSca: Scaling in Frequency Space Enhances Diffusion Models": low frequencies
/// of the guidance times `low`, the others times `high`. Up to `cutoff` periods per picture are low.
ModelHooks frequency_scaling(double low, double high, int64_t cutoff);

/// `change` of the guidance, the positive guess less the negative one; at cfg 1 of the positive guess.
ModelHooks change_guidance(std::function<at::Tensor(const at::Tensor&)> change);

}  // namespace heddle::diffusion
