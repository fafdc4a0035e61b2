#include "nodes/diffusion/noise_brownian.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <string>

#include "nodes/diffusion/fp32.h"
#include "nodes/diffusion/noise.h"
#include "nodes/diffusion/noise_seeds.h"

namespace heddle::diffusion {
namespace {

constexpr double kHighest = 1e9;

/// An interval of the tree and the increment over it.
struct Interval {
  double begin, end;
  uint64_t key, depth;
  at::Tensor increment;
};

}  // namespace

double rounded_level(double level) {
  std::array<char, 64> digits;
  const auto printed = std::to_chars(digits.data(), digits.data() + digits.size(), level,
                                     std::chars_format::fixed, 6);
  double rounded = 0;
  std::from_chars(digits.data(), printed.ptr, rounded);
  return rounded;
}

BrownianPath::BrownianPath(std::vector<int64_t> shape, uint64_t seed, double low, double high)
    : shape_(std::move(shape)), seed_(seed), low_(low), high_(high) {
  if (high <= kHighest) return;
  throw std::runtime_error("noise levels up to " + std::to_string(high) +
                           " are too large for this sampler's noise: stay below 1000000000");
}

at::Tensor BrownianPath::normals(const std::vector<uint64_t>& spawn_key) const {
  at::Generator generator = make_generator(SeedSequence(seed_, spawn_key).state(1)[0]);
  return at::randn(shape_, generator);
}

// Intervals are halved from the root down to the edges asked for. A list stands in for recursion:
// whole intervals are added from left to right as they come off its end.
at::Tensor BrownianPath::increment(double a, double b) const {
  const double low = rounded_level(low_), high = rounded_level(high_);
  const double from = rounded_level(std::clamp(a, low, high));
  const double to = rounded_level(std::clamp(b, low, high));
  at::Tensor sum;
  std::vector<Interval> open;
  if (from < to) open.push_back({low, high, 0, 0, normals({}) * std::sqrt(high_ - low_)});
  while (!open.empty()) {
    const Interval whole = std::move(open.back());
    open.pop_back();
    if (whole.end <= from || whole.begin >= to) continue;
    if (from <= whole.begin && whole.end <= to) {
      sum = sum.defined() ? sum + whole.increment : whole.increment;
      continue;
    }
    const double middle = rounded_level((whole.begin + whole.end) / 2);
    const double left_width = middle - whole.begin, width = whole.end - whole.begin;
    const double spread = std::sqrt(left_width * (whole.end - middle) / width);
    const at::Tensor left = whole.increment * left_width * (1 / width) +
                            normals({whole.key, whole.depth}) * spread;
    open.push_back(
        {middle, whole.end, 2 * whole.key + 1, whole.depth + 1, whole.increment - left});
    open.push_back({whole.begin, middle, 2 * whole.key, whole.depth + 1, left});
  }
  return sum.defined() ? sum : at::zeros(shape_);
}

at::Tensor BrownianPath::noise(float from, float to) const {
  const at::Tensor path = increment(std::min(from, to), std::max(from, to));
  if (from == to) return path;
  return path * (from > to ? -1.0 : 1.0) / fp32::sqrt(std::abs(to - from));
}

}  // namespace heddle::diffusion
