#include "nodes/tensor_checks.h"

#include <ATen/ATen.h>

#include <stdexcept>

namespace heddle {
namespace {

void check_numbers(const at::Tensor& tensor, const char* what, const char* kind) {
  if (!tensor.defined() || tensor.numel() == 0) throw std::runtime_error(std::string(what) + " is an empty " + kind);
}

}  // namespace

void check_not_empty(const Latent& latent, const char* what) { check_numbers(latent.samples, what, "latent"); }
void check_not_empty(const Image& image, const char* what) { check_numbers(image.pixels, what, "picture"); }
void check_not_empty(const Mask& mask, const char* what) { check_numbers(mask.values, what, "mask"); }

void check_finite(const at::Tensor& tensor, const std::string& what) {
  if (at::isfinite(tensor).all().item<bool>()) return;
  throw std::runtime_error(what + " holds NaN or infinite values: the step before went wrong");
}

void check_picture_channels(const at::Tensor& pixels, int64_t channels, const std::string& what) {
  if (pixels.size(3) >= channels) return;
  throw std::runtime_error(what + " has " + std::to_string(pixels.size(3)) + " channels, but " +
                           std::to_string(channels) + " are needed" +
                           (channels == 4 ? ": it has no transparency" : ""));
}

at::Tensor match_batch(const at::Tensor& x, int64_t count, const std::string& what) {
  if (x.size(0) == count) return x;
  if (x.size(0) != 1) {
    throw std::runtime_error(what + " is a batch of " + std::to_string(x.size(0)) + ", but " + std::to_string(count) +
                             " are needed: give one, or as many");
  }
  std::vector<int64_t> sizes(size_t(x.dim()), -1);
  sizes[0] = count;
  return x.expand(sizes);
}

std::string size_text(int64_t width, int64_t height) {
  return std::to_string(width) + "x" + std::to_string(height);
}

}  // namespace heddle
