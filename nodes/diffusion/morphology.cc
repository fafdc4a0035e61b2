#include "nodes/diffusion/morphology.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace heddle::diffusion {
namespace {

/// The largest of each place along `side` and the `before` and `after` places around it.
at::Tensor running_max(const at::Tensor& x, int64_t side, int64_t before, int64_t after) {
  const int64_t size = x.size(side);
  before = std::min(before, size);
  after = std::min(after, size);
  std::vector<int64_t> shape = x.sizes().vec();
  shape[size_t(side)] = size + before + after;
  at::Tensor window = at::full(shape, -std::numeric_limits<float>::infinity());
  window.narrow(side, before, size).copy_(x);
  // Windows of 1, 2, 4... places; the last two overlap to the length that is left.
  const int64_t length = before + after + 1;
  int64_t covered = 1;
  for (; covered * 2 <= length; covered *= 2) {
    const int64_t rest = window.size(side) - covered;
    window = at::maximum(window.narrow(side, 0, rest), window.narrow(side, covered, rest));
  }
  return at::maximum(window.narrow(side, 0, size), window.narrow(side, length - covered, size));
}

}  // namespace

at::Tensor dilate_box(const at::Tensor& x, int64_t size) {
  const int64_t before = size / 2, after = size - 1 - before;
  return running_max(running_max(x, x.dim() - 2, before, after), x.dim() - 1, before, after);
}

at::Tensor erode_box(const at::Tensor& x, int64_t size) { return dilate_box(x.neg(), size).neg(); }

at::Tensor dilate_diamond(const at::Tensor& x, int64_t steps, const Heartbeat& heartbeat) {
  at::Tensor grown = x;
  for (int64_t step = 0; step < steps; ++step) {
    if (heartbeat) heartbeat();
    const at::Tensor next =
        at::maximum(running_max(grown, x.dim() - 2, 1, 1), running_max(grown, x.dim() - 1, 1, 1));
    if (at::equal(next, grown)) break;  // nothing is left to grow over
    grown = next;
  }
  return grown;
}

}  // namespace heddle::diffusion
