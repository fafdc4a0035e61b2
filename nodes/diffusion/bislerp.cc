#include "nodes/diffusion/bislerp.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace heddle::diffusion {
namespace {

// Cosine from which the angle is too small to divide by its sine.
constexpr double kParallel = 1 - 1e-5;

/// Unit vectors along the channels; zero vectors stay zero.
at::Tensor directions(const at::Tensor& x, const at::Tensor& lengths) {
  return at::where(lengths == 0, at::zeros({}), x / lengths);
}

/// From a to b, [B, C, H, W], by the share t, which broadcasts to them.
at::Tensor slerp(const at::Tensor& a, const at::Tensor& b, const at::Tensor& t) {
  const at::Tensor a_length = at::linalg_vector_norm(a, 2, {1}, true);  // [B, 1, H, W]
  const at::Tensor b_length = at::linalg_vector_norm(b, 2, {1}, true);
  const at::Tensor a_unit = directions(a, a_length), b_unit = directions(b, b_length);
  const at::Tensor cosine = (a_unit * b_unit).sum({1}, true);
  const at::Tensor angle = cosine.acos(), sine = angle.sin();
  const at::Tensor direction =
      ((1 - t) * angle).sin() / sine * a_unit + (t * angle).sin() / sine * b_unit;
  const at::Tensor turned = direction * (a_length * (1 - t) + b_length * t);
  const at::Tensor opposite = at::where(cosine < -kParallel, a * (1 - t) + b * t, turned);
  return at::where(cosine > kParallel, a, opposite);
}

at::Tensor slerp_along(const at::Tensor& x, int64_t dimension, int64_t length) {
  const int64_t old_length = x.size(dimension);
  const float scale = float(old_length) / float(length);
  at::Tensor before = at::empty({length}, at::kLong), after = at::empty({length}, at::kLong);
  std::vector<int64_t> shape(size_t(x.dim()), 1);
  shape[size_t(dimension)] = length;
  at::Tensor share = at::empty(shape);
  for (int64_t i = 0; i < length; ++i) {
    const float centre = scale * (float(i) + 0.5f) - 0.5f;
    const float position = std::clamp(centre, 0.f, float(old_length - 1));
    const int64_t first = int64_t(position);
    before.data_ptr<int64_t>()[i] = first;
    after.data_ptr<int64_t>()[i] = std::min(first + 1, old_length - 1);
    share.data_ptr<float>()[i] = position - float(first);
  }
  return slerp(x.index_select(dimension, before), x.index_select(dimension, after), share);
}

}  // namespace

at::Tensor bislerp(const at::Tensor& x, int64_t width, int64_t height) {
  return slerp_along(slerp_along(x, 3, width), 2, height);
}

}  // namespace heddle::diffusion
