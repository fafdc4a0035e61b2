// HyperTile: self-attention within tiles of a large picture, each a picture of its own in the batch;
// it costs a tile's square instead of the picture's. Seams do not show, because the tiles are cut
// anew at every place and noise level.
#pragma once

#include <cstdint>

#include "nodes/diffusion/unet_hooks.h"

namespace heddle::diffusion {

struct HyperTile {
  int64_t tile_cells = 32;   // least side of a tile in cells of the latent
  int64_t swap_size = 2;     // how many tilings, from the finest on, are drawn from along each side
  int64_t max_depth = 0;     // halvings of the latent down to which tiles are cut
  bool scale_depth = false;  // the least side doubles with each halving
  uint64_t seed = 0;
};

/// Tiles of equal size; a side that has no divisor which is large enough is not cut.
UNetHook hyper_tile(const HyperTile& settings);

}  // namespace heddle::diffusion
