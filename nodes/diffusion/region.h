// Where a conditioning entry counts: a rectangle, a mask, or both. Users think in shares of the
// picture or in cells of a latent whose size they do not know; here both become a rectangle and
// weights for the latent at hand.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace heddle::diffusion {

/// A rectangle in cells of the latent. May stick out of it on the right and below.
struct Area {
  int64_t height = 0, width = 0, y = 0, x = 0;
  bool operator==(const Area&) const = default;
};

/// A rectangle as shares (0..1) of the latent's height and width.
struct AreaShare {
  double height = 1, width = 1, y = 0, x = 0;
};

struct Region {
  std::optional<Area> area;
  std::optional<AreaShare> share;  // instead of `area`
  at::Tensor mask;                 // undefined, or [b, h, w] of any size: weight of each place
  double mask_strength = 1;
  bool area_is_mask_bounds = false;  // run the network only on the rectangle around the mask
};

/// `region` for a latent of this size: the mask resized to it, shares and mask bounds turned into
/// `area`.
Region fit_region(const Region& region, int64_t height, int64_t width);

/// The part of `area` inside a latent of this size. Throws std::runtime_error if there is none.
Area clip_area(const Area& area, int64_t height, int64_t width);

/// Weights [B or 1, 1, H, W] inside `area` (clipped) of a fitted region in a latent of this size:
/// the mask, or a rectangle whose inner edges fade over up to eight cells.
at::Tensor region_weights(const Region& region, const Area& area, int64_t batch, int64_t height,
                          int64_t width);

/// Whether `outer` holds all of `inner`.
bool encloses(const Area& outer, const Area& inner);

}  // namespace heddle::diffusion
