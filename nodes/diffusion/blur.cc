#include "nodes/diffusion/blur.h"

#include <ATen/ATen.h>

#include <array>
#include <stdexcept>
#include <string>

namespace heddle::diffusion {

at::Tensor gaussian_kernel(int64_t radius, double sigma) {
  const at::Tensor line = at::linspace(-1, 1, 2 * radius + 1);
  const at::Tensor squares = line * line;
  const at::Tensor distance = at::sqrt(squares.unsqueeze(1) + squares);
  const at::Tensor weights = at::exp(-(distance * distance) / (2.0 * sigma * sigma));
  return weights / weights.sum();
}

at::Tensor sharpening_kernel(int64_t radius, double sigma, double alpha) {
  at::Tensor kernel = gaussian_kernel(radius, sigma) * -(alpha * 10);
  at::Tensor middle = kernel.select(0, radius).select(0, radius);
  middle.copy_(middle - kernel.sum() + 1.0);
  return kernel;
}

at::Tensor filter(const at::Tensor& x, const at::Tensor& kernel) {
  const int64_t radius = kernel.size(0) / 2, channels = x.size(1);
  if (x.size(2) <= radius || x.size(3) <= radius) {
    throw std::runtime_error("a radius of " + std::to_string(radius) + " is too large for " +
                             std::to_string(x.size(3)) + "x" + std::to_string(x.size(2)) +
                             ": it must be less than both sides");
  }
  const at::Tensor mirrored =
      at::reflection_pad2d(x.contiguous(), {radius, radius, radius, radius});
  const at::Tensor kernels =
      kernel.expand({channels, 1, kernel.size(0), kernel.size(1)}).contiguous();
  const std::array<int64_t, 2> one{1, 1}, none{0, 0};
  return at::conv2d(mirrored, kernels, {}, one, none, one, channels);
}

}  // namespace heddle::diffusion
