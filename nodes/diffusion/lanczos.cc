#include "nodes/diffusion/lanczos.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace heddle::diffusion {
namespace {

constexpr double kLobes = 3;
// Of a weight: a picture's 8 bits and 2 for overshoot fill the rest of 32.
constexpr int kFractionBits = 22;
constexpr int32_t kHalf = 1 << (kFractionBits - 1);

double sinc(double x) {
  if (x == 0) return 1;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double kernel(double x) { return -kLobes <= x && x < kLobes ? sinc(x) * sinc(x / kLobes) : 0; }

/// The input values that make one output value: `weights` from `first` on, in fixed point.
struct Window {
  int64_t first = 0;
  std::vector<int32_t> weights;
};

Window make_window(int64_t output, int64_t old_size, double scale) {
  const double stretch = std::max(scale, 1.0);  // a shrinking picture is smoothed
  const double reach = kLobes * stretch;
  const double centre = (double(output) + 0.5) * scale;
  Window window;
  window.first = std::max<int64_t>(int64_t(centre - reach + 0.5), 0);
  const int64_t end = std::min(int64_t(centre + reach + 0.5), old_size);
  std::vector<double> weights;
  double sum = 0;
  for (int64_t i = window.first; i < end; ++i) {
    weights.push_back(kernel((double(i) - centre + 0.5) * (1.0 / stretch)));
    sum += weights.back();
  }
  for (const double weight : weights) {
    const double fixed = (sum == 0 ? weight : weight / sum) * (1 << kFractionBits);
    window.weights.push_back(int32_t(fixed + (fixed < 0 ? -0.5 : 0.5)));
  }
  return window;
}

std::vector<Window> make_windows(int64_t old_size, int64_t size) {
  const double scale = double(old_size) / double(size);
  std::vector<Window> windows;
  for (int64_t i = 0; i < size; ++i) windows.push_back(make_window(i, old_size, scale));
  return windows;
}

/// [rows, old width] to [rows, width]. REQUIRES: x is contiguous.
at::Tensor resize_rows(const at::Tensor& x, int64_t width) {
  const int64_t rows = x.size(0), old_width = x.size(1);
  const std::vector<Window> windows = make_windows(old_width, width);
  at::Tensor result = at::empty({rows, width}, at::kByte);
  for (int64_t row = 0; row < rows; ++row) {
    const uint8_t* in = x.const_data_ptr<uint8_t>() + row * old_width;
    uint8_t* out = result.mutable_data_ptr<uint8_t>() + row * width;
    for (int64_t i = 0; i < width; ++i) {
      int32_t sum = kHalf;
      const uint8_t* value = in + windows[size_t(i)].first;
      for (const int32_t weight : windows[size_t(i)].weights) sum += weight * *value++;
      out[i] = uint8_t(std::clamp(sum >> kFractionBits, 0, 255));
    }
  }
  return result;
}

at::Tensor resize_width(const at::Tensor& x, int64_t width) {
  if (width == x.size(3)) return x;
  return resize_rows(x.reshape({-1, x.size(3)}).contiguous(), width)
      .reshape({x.size(0), x.size(1), x.size(2), width});
}

at::Tensor resize_height(const at::Tensor& x, int64_t height) {
  return resize_width(x.transpose(2, 3), height).transpose(2, 3);
}

/// Each pass rounds to 8 bits, so their order shows. Pillow up to 12 always took the width first;
/// 13 takes the height first if it shrinks by more than twice as many pixels.
bool height_comes_first(const at::Tensor& x, int64_t width, int64_t height) {
  return height < x.size(2) && x.size(2) - height > 2 * (x.size(3) - width);
}

at::Tensor resize_planes(const at::Tensor& x, int64_t width, int64_t height) {
  if (height_comes_first(x, width, height)) return resize_width(resize_height(x, height), width);
  return resize_height(resize_width(x, width), height);
}

/// a * b / 255 rounded, for bytes in 32-bit integers.
at::Tensor multiply_bytes(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor product = a * b + 128;
  return product.bitwise_right_shift(8).add(product).bitwise_right_shift(8);
}

at::Tensor weight_by_opacity(const at::Tensor& rgba) {
  const at::Tensor x = rgba.to(at::kInt), opacity = x.narrow(1, 3, 1);
  return at::cat({multiply_bytes(x.narrow(1, 0, 3), opacity), opacity}, 1).to(at::kByte);
}

at::Tensor divide_by_opacity(const at::Tensor& rgba) {
  const at::Tensor x = rgba.to(at::kInt), opacity = x.narrow(1, 3, 1);
  const at::Tensor colour = x.narrow(1, 0, 3);
  const at::Tensor divided =
      at::div(colour * 255, opacity.clamp_min(1), "trunc").clamp(0, 255).to(at::kInt);
  const at::Tensor plain = (opacity == 0).logical_or(opacity == 255);
  return at::cat({at::where(plain, colour, divided), opacity}, 1).to(at::kByte);
}

}  // namespace

at::Tensor lanczos(const at::Tensor& x, int64_t width, int64_t height) {
  const at::Tensor bytes = x.mul(255).clamp(0, 255).to(at::kByte);
  const bool same_size = width == x.size(3) && height == x.size(2);
  const bool has_opacity = x.size(1) == 4 && !same_size;
  at::Tensor resized = resize_planes(has_opacity ? weight_by_opacity(bytes) : bytes, width, height);
  if (has_opacity) resized = divide_by_opacity(resized);
  return resized.contiguous().to(at::kFloat) / 255;
}

}  // namespace heddle::diffusion
