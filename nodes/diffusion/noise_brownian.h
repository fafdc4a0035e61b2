// Brownian motion over noise levels, as torchsde's BrownianTree gives it: the noise of a step is the
// increment between its two levels, so that the same path is followed whatever the steps.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace heddle::diffusion {

/// A level as the tree sees it: the nearest multiple of 1e-6 by its decimal digits.
double rounded_level(double level);

/// A path fixed by seed, shape and range. Asking does not change it; answers may come in any order.
class BrownianPath {
 public:
  /// REQUIRES: low <= high. Throws std::runtime_error for levels above 1e9, where steps of 1e-6
  /// cannot be told apart.
  BrownianPath(std::vector<int64_t> shape, uint64_t seed, double low, double high);

  /// Unit noise for the step from one level to another: the path's increment over the square root
  /// of their distance. Levels are clamped to the range; zeros for two that round to the same.
  at::Tensor noise(float from, float to) const;

  /// W(b) - W(a). REQUIRES: a <= b.
  at::Tensor increment(double a, double b) const;

 private:
  at::Tensor normals(const std::vector<uint64_t>& spawn_key) const;

  std::vector<int64_t> shape_;
  uint64_t seed_;
  double low_, high_;
};

}  // namespace heddle::diffusion
