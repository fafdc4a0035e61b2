#include "nodes/diffusion/frequency_window.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "nodes/diffusion/ops.h"

namespace heddle::diffusion {
namespace {

/// What takes a line of n samples to its frequencies in the window: a complex matrix.
struct Projection {
  Linear real, imaginary;  // [n, n]
};

Projection projection(int64_t n, int64_t reach) {
  const int64_t middle = n / 2;  // frequencies are -middle ... n - 1 - middle
  const int64_t first = std::max(-reach, -middle), last = std::min(reach - 1, n - 1 - middle);
  at::Tensor real = at::empty({n, n}, at::kFloat), imaginary = at::empty({n, n}, at::kFloat);
  for (int64_t shift = 0; shift < n; ++shift) {
    double re = 0, im = 0;
    for (int64_t f = first; f <= last; ++f) {
      const double turn = 2 * std::numbers::pi * double((f * shift) % n) / double(n);
      re += std::cos(turn);
      im += std::sin(turn);
    }
    for (int64_t from = 0; from < n; ++from) {
      const int64_t cell = (from + shift) % n * n + from;
      real.data_ptr<float>()[cell] = float(re / double(n));
      imaginary.data_ptr<float>()[cell] = float(im / double(n));
    }
  }
  return {{real, {}}, {imaginary, {}}};
}

}  // namespace

at::Tensor low_frequencies(const at::Tensor& x, int64_t height, int64_t width) {
  const int64_t b = x.size(0), c = x.size(1), h = x.size(2), w = x.size(3);
  const Projection along_x = projection(w, width), along_y = projection(h, height);
  const at::Tensor lines = x.contiguous().view({b, c * h, w});
  const auto columns = [&](const at::Tensor& t) {
    return t.view({b, c, h, w}).transpose(2, 3).reshape({b, c * w, h});
  };
  const at::Tensor low = linear(columns(linear(lines, along_x.real)), along_y.real) -
                         linear(columns(linear(lines, along_x.imaginary)), along_y.imaginary);
  return low.view({b, c, w, h}).transpose(2, 3).contiguous();
}

}  // namespace heddle::diffusion
