// Bolya and Hoffman 2023, "Token Merging for Fast Stable Diffusion": before a self-attention the
// tokens that are most like one of their kind are averaged with it, and afterwards each gets the
// result of that one.
#pragma once

#include <cstdint>

#include "nodes/diffusion/unet_hooks.h"

namespace heddle::diffusion {

struct TokenMerging {
  double ratio = 0.3;  // share of the tokens that are merged away, at most three of four
  uint64_t seed = 0;   // of the choice of the token in each 2x2 cells that others are merged into
};

/// At the latent's own size only, as in the paper.
UNetHook token_merging(const TokenMerging& settings);

}  // namespace heddle::diffusion
