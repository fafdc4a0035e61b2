#include "nodes/diffusion/tiles.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "nodes/diffusion/vae.h"

namespace heddle::diffusion {
namespace {

struct Span {
  int64_t begin = 0, length = 0;
};

/// The tiles along one side; the last one is simply shorter.
std::vector<Span> spans(int64_t size, int64_t tile, int64_t overlap) {
  if (size <= tile) return {{0, size}};
  std::vector<Span> found;
  for (int64_t begin = 0; begin < size - overlap; begin += tile - overlap) {
    found.push_back({begin, std::min(tile, size - begin)});
  }
  return found;
}

/// Weights along one side of a tile. A tile no longer than its ramp has none.
at::Tensor ramps(int64_t length, int64_t fade) {
  at::Tensor weights = at::ones({length});
  if (fade >= length) return weights;
  float* weight = weights.data_ptr<float>();
  for (int64_t t = 0; t < fade; ++t) {
    const float ramp = float(double(t + 1) / double(fade));
    weight[t] *= ramp;
    weight[length - 1 - t] *= ramp;
  }
  return weights;
}

int64_t scaled(int64_t length, double scale) {
  return int64_t(std::nearbyint(double(length) * scale));
}

using Compute = std::function<at::Tensor(const at::Tensor& tile)>;

at::Tensor mean_of_layouts(const at::Tensor& x, int64_t tile, int64_t overlap, double scale,
                           const Compute& compute) {
  const at::Tensor wide = compute_tiled(x, {tile / 2, tile * 2, overlap}, scale, compute);
  const at::Tensor high = compute_tiled(x, {tile * 2, tile / 2, overlap}, scale, compute);
  const at::Tensor square = compute_tiled(x, {tile, tile, overlap}, scale, compute);
  return (high + wide + square) / 3.0;
}

void check_sizes(int64_t tile, int64_t overlap) {
  if (tile >= 2 && overlap >= 0 && overlap < tile / 2) return;
  throw std::invalid_argument("tiles of " + std::to_string(tile) + " with an overlap of " +
                              std::to_string(overlap) +
                              ": the overlap must be less than half a tile");
}

}  // namespace

at::Tensor compute_tiled(const at::Tensor& x, const Tiling& tiling, double scale,
                         const Compute& compute) {
  const int64_t height = x.size(2), width = x.size(3);
  if (height <= tiling.height && width <= tiling.width) return compute(x);
  const int64_t fade = scaled(tiling.overlap, scale);
  at::Tensor sum, weights;
  for (const Span& rows : spans(height, tiling.height, tiling.overlap)) {
    for (const Span& columns : spans(width, tiling.width, tiling.overlap)) {
      const at::Tensor tile = compute(x.narrow(2, rows.begin, rows.length)
                                          .narrow(3, columns.begin, columns.length)
                                          .contiguous());
      if (!sum.defined()) {
        sum = at::zeros({1, tile.size(1), scaled(height, scale), scaled(width, scale)});
        weights = at::zeros({1, 1, sum.size(2), sum.size(3)});
      }
      const at::Tensor weight = ramps(tile.size(2), fade).unsqueeze(1) * ramps(tile.size(3), fade);
      const auto place = [&](const at::Tensor& whole) {
        return whole.narrow(2, scaled(rows.begin, scale), tile.size(2))
            .narrow(3, scaled(columns.begin, scale), tile.size(3));
      };
      place(sum).add_(tile * weight);
      place(weights).add_(weight);
    }
  }
  return sum / weights;
}

at::Tensor decode_tiled(const Vae& vae, const at::Tensor& latent, int64_t tile, int64_t overlap,
                        const Heartbeat& heartbeat) {
  check_sizes(tile, overlap);
  std::vector<at::Tensor> pictures;
  for (int64_t k = 0; k < latent.size(0); ++k) {
    const at::Tensor raw =
        mean_of_layouts(latent.narrow(0, k, 1), tile, overlap, vae.scale(),
                        [&](const at::Tensor& cells) { return vae.decode_raw(cells, heartbeat); });
    pictures.push_back(((raw + 1.0) / 2.0).clamp(0, 1).movedim(1, -1));
  }
  return at::cat(pictures).contiguous();
}

at::Tensor encode_tiled(const Vae& vae, const at::Tensor& image, int64_t tile, int64_t overlap,
                        const Heartbeat& heartbeat) {
  check_sizes(tile, overlap);
  const int64_t cell = vae.scale();
  if (tile % (2 * cell) != 0 || overlap % cell != 0) {
    throw std::invalid_argument(
        "tiles of " + std::to_string(tile) + " with an overlap of " + std::to_string(overlap) +
        " pixels do not end on latent cells: " + "tiles must be multiples of " +
        std::to_string(2 * cell) + " and overlaps of " + std::to_string(cell));
  }
  const auto whole_cells = [&](const at::Tensor& pixels, int64_t side) {
    const int64_t rest = pixels.size(side) % cell;
    return pixels.narrow(side, rest / 2, pixels.size(side) - rest);
  };
  const at::Tensor planes = whole_cells(whole_cells(image, 1), 2).movedim(-1, 1);
  std::vector<at::Tensor> latents;
  for (int64_t k = 0; k < planes.size(0); ++k) {
    latents.push_back(mean_of_layouts(
        planes.narrow(0, k, 1), tile, overlap, 1.0 / double(cell),
        [&](const at::Tensor& pixels) { return vae.encode(pixels.movedim(1, -1), heartbeat); }));
  }
  return at::cat(latents);
}

}  // namespace heddle::diffusion
