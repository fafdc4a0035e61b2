// Si et al. 2023, "FreeU: Free Lunch in Diffusion U-Net": on the way up the network's own features
// count for more, and the skips' low frequencies for less.
#pragma once

#include "nodes/diffusion/unet_hooks.h"

namespace heddle::diffusion {

/// 1: as if there were none.
struct FreeU {
  double features = 1;  // b: of the first half of the channels
  double skip = 1;      // s: of the lowest frequencies
};

/// `wide` where the features have four times the model's channels, `half_wide` where twice. The
/// second version scales features by how large their mean over channels is in each cell, from 1 at
/// the least to b at the largest; where all are the same, by 1.
UNetHook free_u(FreeU wide, FreeU half_wide);
UNetHook free_u_v2(FreeU wide, FreeU half_wide);

}  // namespace heddle::diffusion
