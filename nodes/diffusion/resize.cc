#include "nodes/diffusion/resize.h"

#include <ATen/ATen.h>

#include <cmath>
#include <stdexcept>
#include <string>

#include "nodes/diffusion/bislerp.h"
#include "nodes/diffusion/lanczos.h"

namespace heddle::diffusion {
namespace {

std::string size_text(int64_t width, int64_t height) {
  return std::to_string(width) + "x" + std::to_string(height);
}

/// Cells to cut on both ends of a side of `length` so that `share` of it stays; halves to even, as
/// Python's round().
int64_t margin(int64_t length, double share) {
  return int64_t(std::nearbyint((double(length) - double(length) * share) / 2));
}

at::Tensor crop_to_aspect(const at::Tensor& x, int64_t width, int64_t height) {
  const int64_t old_width = x.size(3), old_height = x.size(2);
  const double old_aspect = double(old_width) / double(old_height);
  const double aspect = double(width) / double(height);
  const int64_t left = old_aspect > aspect ? margin(old_width, aspect / old_aspect) : 0;
  const int64_t top = old_aspect < aspect ? margin(old_height, old_aspect / aspect) : 0;
  if (2 * left >= old_width || 2 * top >= old_height) {
    throw std::runtime_error("cutting " + size_text(old_width, old_height) + " to the shape of " +
                             size_text(width, height) +
                             " leaves nothing: turn cropping off or choose a less narrow size");
  }
  return x.narrow(2, top, old_height - 2 * top).narrow(3, left, old_width - 2 * left);
}

}  // namespace

at::Tensor resize(const at::Tensor& x, std::string_view method, int64_t width, int64_t height,
                  bool center) {
  // Kernels for other memory layouts round differently.
  const at::Tensor source = (center ? crop_to_aspect(x, width, height) : x).contiguous();
  if (method == "nearest-exact") return at::_upsample_nearest_exact2d(source, {height, width});
  if (method == "bilinear") return at::upsample_bilinear2d(source, {height, width}, false);
  if (method == "bicubic") return at::upsample_bicubic2d(source, {height, width}, false);
  if (method == "area") return at::adaptive_avg_pool2d(source, {height, width});
  if (method == "bislerp") return bislerp(source, width, height);
  if (method == "lanczos") return lanczos(source, width, height);
  throw std::invalid_argument("unknown way to resize \"" + std::string(method) + "\"");
}

}  // namespace heddle::diffusion
