#include "nodes/image_fit.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <stdexcept>

#include "nodes/diffusion/resize.h"

namespace heddle {

at::Tensor with_channels(const at::Tensor& pixels, int64_t channels) {
  const int64_t missing = channels - pixels.size(3);
  if (missing <= 0) return pixels.slice(3, 0, channels);
  return at::constant_pad_nd(pixels, {0, missing}, 1);
}

at::Tensor resized(const at::Tensor& pixels, std::string_view method, int64_t width, int64_t height, bool center) {
  return diffusion::resize(pixels.movedim(-1, 1), method, width, height, center).movedim(1, -1).contiguous();
}

}  // namespace heddle
