#include "nodes/diffusion/deep_shrink.h"

#include <ATen/ATen.h>

#include <cmath>
#include <stdexcept>

#include "nodes/diffusion/resize.h"

namespace heddle::diffusion {
namespace {

at::Tensor resize_to(const at::Tensor& h, const std::string& method, int64_t height,
                     int64_t width) {
  if (h.size(2) == height && h.size(3) == width) return h;
  return resize(h, method, width, height, false);
}

at::Tensor shrink(const at::Tensor& h, const DeepShrink& settings) {
  const auto smaller = [&](int64_t side) {
    return int64_t(std::nearbyint(double(side) * (1 / settings.factor)));
  };
  const int64_t height = smaller(h.size(2)), width = smaller(h.size(3));
  if (height < 1 || width < 1) {
    throw std::runtime_error("a downscale factor of " + std::to_string(settings.factor) +
                             " leaves nothing of the " + std::to_string(h.size(3)) + "x" +
                             std::to_string(h.size(2)) + " cells at input block " +
                             std::to_string(settings.block) +
                             ": choose a smaller factor, an earlier block or a larger picture");
  }
  return resize_to(h, settings.down, height, width);
}

}  // namespace

UNetHook deep_shrink(const DeepShrink& settings) {
  const UNetHook::Change change = [settings](const at::Tensor& h, const UNetPlace& place) {
    const bool now = settings.last_sigma <= place.sigma && place.sigma <= settings.first_sigma;
    return now && place.block == settings.block ? shrink(h, settings) : h;
  };
  UNetHook hook;
  (settings.after_skip ? hook.after_skip : hook.before_skip) = change;
  hook.join = [up = settings.up](at::Tensor& h, at::Tensor& skip, const UNetPlace&) {
    h = resize_to(h, up, skip.size(2), skip.size(3));
  };
  return hook;
}

}  // namespace heddle::diffusion
