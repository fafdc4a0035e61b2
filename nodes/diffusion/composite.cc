#include "nodes/diffusion/composite.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "nodes/diffusion/batch.h"
#include "nodes/diffusion/resize.h"

namespace heddle::diffusion {
namespace {

/// What two ranges share: [begin, begin + source) and [0, size).
struct Overlap {
  int64_t begin, length, skipped;  // in the destination; cells of the source left out in front
};

Overlap overlap(int64_t begin, int64_t source, int64_t size) {
  const int64_t first = std::clamp<int64_t>(begin, 0, size);
  const int64_t last = std::clamp<int64_t>(begin + source, first, size);
  return {first, last - first, std::min(first - begin, source)};
}

at::Tensor ramp(int64_t length, int64_t feather, bool front, bool back) {
  at::Tensor weights = at::ones({length});
  float* weight = weights.data_ptr<float>();
  for (int64_t t = 0; t < std::min(feather, length); ++t) {
    const float rise = float(1.0 / double(feather) * double(t + 1));
    if (front) weight[t] *= rise;
    if (back) weight[length - 1 - t] *= rise;
  }
  return weights;
}

}  // namespace

at::Tensor composite(const at::Tensor& destination, const at::Tensor& source, Place at,
                     const at::Tensor& mask) {
  const Overlap rows = overlap(at.y, source.size(2), destination.size(2));
  const Overlap columns = overlap(at.x, source.size(3), destination.size(3));
  at::Tensor result = destination.clone(at::MemoryFormat::Contiguous);
  if (rows.length == 0 || columns.length == 0) return result;
  const auto visible = [&](const at::Tensor& x) {
    return repeat_to_batch(x, destination.size(0))
        .narrow(2, rows.skipped, rows.length)
        .narrow(3, columns.skipped, columns.length);
  };
  at::Tensor below =
      result.narrow(2, rows.begin, rows.length).narrow(3, columns.begin, columns.length);
  if (!mask.defined()) {
    below.copy_(visible(source));
    return result;
  }
  const at::Tensor shown = visible(resize(mask, "bilinear", source.size(3), source.size(2), false));
  below.copy_(shown * visible(source) + (1 - shown) * below);
  return result;
}

at::Tensor feathered_mask(int64_t h, int64_t w, Place at, int64_t H, int64_t W, int64_t feather) {
  const at::Tensor rows = ramp(h, feather, at.y != 0, at.y + h < H);
  const at::Tensor columns = ramp(w, feather, at.x != 0, at.x + w < W);
  return (rows.unsqueeze(1) * columns).reshape({1, 1, h, w});
}

}  // namespace heddle::diffusion
