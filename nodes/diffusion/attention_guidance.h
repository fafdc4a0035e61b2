// Guidance without a second prompt: the guess moves away from what the network says when its own
// attention is spoilt.
#pragma once

#include "nodes/diffusion/model_hooks.h"

namespace heddle::diffusion {

/// Ahn et al. 2024, "Self-Rectifying Diffusion Sampling with Perturbed-Attention Guidance": `scale`
/// times the way from the positive guess whose self-attention in the middle block is the identity.
ModelHooks perturbed_attention(double scale);

/// Hong et al. 2022, "Improving Sample Quality of Diffusion Models Using Self-Attention Guidance": the
/// negative guess is blurred (Gauss, `blur_sigma` in cells; 0: not at all) where the first middle
/// self-attention looks most, and the result moves `scale` times away from what the network makes of
/// that. Latents with a side of 4 cells or less are left alone. Needs the negative side, active
/// over the whole latent: else std::runtime_error while sampling.
MakeHooks self_attention_guidance(double scale, double blur_sigma);

/// How much the tokens are looked at: q, k [B, n, C] to [B, n], the mean over heads of the sum over
/// queries; the mean over tokens is 1.
at::Tensor attention_received(const at::Tensor& q, const at::Tensor& k, int64_t heads);

/// Height and width of the grid that `tokens` cells of a picture of this shape form: the divisors
/// whose ratio is nearest to the picture's, looked for upwards and downwards from there.
std::pair<int64_t, int64_t> token_grid(int64_t tokens, int64_t height, int64_t width);

}  // namespace heddle::diffusion
