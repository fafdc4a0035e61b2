// Networks over pictures too large for them in one piece: overlapping tiles whose edges fade into
// each other.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "nodes/diffusion/heartbeat.h"

namespace heddle::diffusion {

class Vae;

/// Tiles of height x width that share `overlap` cells with their neighbours.
struct Tiling {
  int64_t height = 0, width = 0, overlap = 0;
};

/// x [1, c, h, w] to [1, C, h * scale, w * scale], where `compute` maps a tile in the same way. A
/// tile's weight rises evenly over the overlap along all four edges, and each place is the weighted
/// mean of the tiles that cover it. Where all of x fits in one tile it is computed as it is.
/// REQUIRES: overlap below both sides of a tile; tile edges that `scale` maps to whole numbers.
at::Tensor compute_tiled(const at::Tensor& x, const Tiling& tiling, double scale,
                         const std::function<at::Tensor(const at::Tensor& tile)>& compute);

/// Vae::decode in tiles of `tile` cells a side: the mean of three ways to lay them (wide, high,
/// square), which hides their seams. Throws std::invalid_argument for tiles under 2 cells or an
/// overlap of half a tile or more.
at::Tensor decode_tiled(const Vae& vae, const at::Tensor& latent, int64_t tile, int64_t overlap,
                        const Heartbeat& heartbeat);

/// Vae::encode in the same way; `tile` and `overlap` in pixels. Throws std::invalid_argument also
/// for sizes that do not end on a latent cell: half a tile and the overlap must be multiples of
/// Vae::scale().
at::Tensor encode_tiled(const Vae& vae, const at::Tensor& image, int64_t tile, int64_t overlap,
                        const Heartbeat& heartbeat);

}  // namespace heddle::diffusion
