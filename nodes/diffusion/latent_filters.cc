#include "nodes/diffusion/latent_filters.h"

#include <ATen/ATen.h>

#include <array>

#include "nodes/diffusion/blur.h"

namespace heddle::diffusion {
namespace {

at::Tensor lengths(const at::Tensor& x) {
  return at::linalg_vector_norm(x, 2, at::IntArrayRef{1}, true);
}

}  // namespace

at::Tensor tonemap_reinhard(const at::Tensor& x, double multiplier) {
  const at::Tensor length = lengths(x) + 1e-10;
  const std::array<int64_t, 3> picture{1, 2, 3};
  const at::Tensor white = (at::std(length, at::IntArrayRef(picture), true, true) * 5 +
                            at::mean(length, at::IntArrayRef(picture), true)) *
                           multiplier;
  const at::Tensor share = length * (1.0 / white);
  return x / length * (share / (share + 1.0) * white);
}

at::Tensor sharpen_directions(const at::Tensor& x, int64_t radius, double sigma, double alpha) {
  const at::Tensor length = lengths(x) + 1e-6;
  return length * filter(x / length, sharpening_kernel(radius, sigma, alpha));
}

}  // namespace heddle::diffusion
