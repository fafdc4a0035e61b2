#include "nodes/diffusion/hyper_tile.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>

#include "nodes/diffusion/place_random.h"

namespace heddle::diffusion {
namespace {

/// How often the latent was halved (odd sizes rounded up) to give the cells here.
std::optional<int64_t> depth_of(const UNetPlace& place, int64_t max_depth) {
  int64_t height = place.latent_height, width = place.latent_width;
  for (int64_t depth = 0; depth <= max_depth; ++depth) {
    if (height == place.height && width == place.width) return depth;
    height = (height + 1) / 2;
    width = (width + 1) / 2;
  }
  return std::nullopt;
}

/// Into how many tiles of at least `least` cells a side is cut: one of the `options` finest ways.
int64_t draw_count(int64_t side, int64_t least, int64_t options, std::mt19937_64& random) {
  std::vector<int64_t> counts;
  for (int64_t tile = std::min(least, side); tile <= side; ++tile) {
    if (side % tile == 0 && int64_t(counts.size()) < options) counts.push_back(side / tile);
  }
  return counts[random() % counts.size()];
}

/// [B, rows * h * columns * w, C] to [B * rows * columns, h * w, C] and back.
ArrangedTokens cut(const at::Tensor& tokens, const UNetPlace& place, int64_t rows,
                   int64_t columns) {
  const int64_t b = tokens.size(0), c = tokens.size(2), h = place.height / rows,
                w = place.width / columns;
  const auto restore = [=](const at::Tensor& tiles) {
    return tiles.reshape({b, rows, columns, h, w, c}).transpose(2, 3).reshape({b, -1, c});
  };
  return {tokens.reshape({b, rows, h, columns, w, c}).transpose(2, 3).reshape({-1, h * w, c}),
          restore};
}

}  // namespace

UNetHook hyper_tile(const HyperTile& settings) {
  const auto arrange = [settings](const at::Tensor& tokens, const UNetPlace& place) {
    const auto depth = depth_of(place, settings.max_depth);
    if (!depth || tokens.size(1) != place.height * place.width) return ArrangedTokens{tokens, {}};
    const int64_t least = settings.tile_cells << (settings.scale_depth ? *depth : 0);
    std::mt19937_64 random = random_at(settings.seed, place);
    const int64_t rows = draw_count(place.height, least, settings.swap_size, random);
    const int64_t columns = draw_count(place.width, least, settings.swap_size, random);
    if (rows * columns == 1) return ArrangedTokens{tokens, {}};
    return cut(tokens, place, rows, columns);
  };
  return {.tokens = arrange};
}

}  // namespace heddle::diffusion
