#include "nodes/diffusion/region.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "nodes/diffusion/batch.h"
#include "nodes/diffusion/resize.h"

namespace heddle::diffusion {
namespace {

constexpr int64_t kFade = 8;         // cells over which a rectangle's edge fades
constexpr int64_t kSmallestBox = 8;  // cells a side of a rectangle around a mask

// Halves to even, as Python's round().
int64_t cells(double share, int64_t size) { return int64_t(std::nearbyint(share * double(size))); }

Area from_share(const AreaShare& share, int64_t height, int64_t width) {
  return {std::max<int64_t>(1, cells(share.height, height)),
          std::max<int64_t>(1, cells(share.width, width)), cells(share.y, height),
          cells(share.x, width)};
}

Area mask_bounds(const at::Tensor& mask) {
  const at::Tensor painted = (mask != 0).any(0);  // [h, w]
  const at::Tensor rows = painted.any(1).nonzero(), columns = painted.any(0).nonzero();
  if (rows.numel() == 0) return {kSmallestBox, kSmallestBox, 0, 0};
  const int64_t top = rows.min().item<int64_t>(), bottom = rows.max().item<int64_t>();
  const int64_t left = columns.min().item<int64_t>(), right = columns.max().item<int64_t>();
  return {std::max(kSmallestBox, bottom - top + 1), std::max(kSmallestBox, right - left + 1), top,
          left};
}

/// Weights along one side of a rectangle: ramps where it does not touch the latent's border.
at::Tensor faded_side(int64_t begin, int64_t length, int64_t size) {
  at::Tensor weights = at::ones({length});
  float* weight = weights.data_ptr<float>();
  const int64_t fade = std::min(kFade, length / 4);
  for (int64_t t = 0; t < fade; ++t) {
    const float ramp = float(1.0 / double(fade) * double(t + 1));
    if (begin > 0) weight[t] *= ramp;
    if (begin + length < size) weight[length - 1 - t] *= ramp;
  }
  return weights;
}

}  // namespace

Region fit_region(const Region& region, int64_t height, int64_t width) {
  Region fitted = region;
  if (region.share) fitted.area = from_share(*region.share, height, width);
  fitted.share.reset();
  if (!region.mask.defined()) return fitted;
  fitted.mask = resize(region.mask.unsqueeze(1), "bilinear", width, height, false).squeeze(1);
  if (region.area_is_mask_bounds) fitted.area = mask_bounds(fitted.mask);
  return fitted;
}

Area clip_area(const Area& area, int64_t height, int64_t width) {
  const Area clipped{std::min(area.height, height - area.y), std::min(area.width, width - area.x),
                     area.y, area.x};
  if (clipped.height > 0 && clipped.width > 0 && area.y >= 0 && area.x >= 0) return clipped;
  throw std::runtime_error("the area of a conditioning, " + std::to_string(area.width) + "x" +
                           std::to_string(area.height) + " cells at (" + std::to_string(area.x) +
                           ", " + std::to_string(area.y) + "), lies outside of the latent of " +
                           std::to_string(width) + "x" + std::to_string(height) +
                           " cells: move it inside (a cell is 8 pixels)");
}

at::Tensor region_weights(const Region& region, const Area& area, int64_t batch, int64_t height,
                          int64_t width) {
  if (!region.mask.defined()) {
    if (!region.area) return at::ones({1, 1, 1, 1});
    const at::Tensor rows = faded_side(area.y, area.height, height);
    const at::Tensor columns = faded_side(area.x, area.width, width);
    return (rows.unsqueeze(1) * columns).unsqueeze(0).unsqueeze(0);
  }
  const at::Tensor mask = repeat_to_batch(region.mask, batch).unsqueeze(1);
  return mask.narrow(2, area.y, area.height).narrow(3, area.x, area.width) * region.mask_strength;
}

bool encloses(const Area& outer, const Area& inner) {
  return outer.y <= inner.y && outer.x <= inner.x &&
         outer.y + outer.height >= inner.y + inner.height &&
         outer.x + outer.width >= inner.x + inner.width;
}

}  // namespace heddle::diffusion
