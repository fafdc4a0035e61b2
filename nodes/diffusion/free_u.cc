#include "nodes/diffusion/free_u.h"

#include <ATen/ATen.h>

#include "nodes/diffusion/frequency_window.h"
#include "nodes/diffusion/picture_sums.h"

namespace heddle::diffusion {
namespace {

/// From 0 at the cell with the least mean over channels to 1 at the one with the largest: [B, 1, H, W].
at::Tensor prominence(const at::Tensor& h) {
  const at::Tensor means = mean_by_cell(h);
  const at::Tensor low = means.amin({1, 2, 3}, true), high = means.amax({1, 2, 3}, true);
  const at::Tensor range = high - low;
  return at::where(range > 0, (means - low) / range, at::zeros_like(means)).to(at::kFloat);
}

at::Tensor scale_features(const at::Tensor& h, const at::Tensor& factor) {
  at::Tensor scaled = h.clone();
  scaled.narrow(1, 0, h.size(1) / 2).mul_(factor);
  return scaled;
}

template <class Factor>
UNetHook free_u_with(FreeU wide, FreeU half_wide, Factor factor) {
  const auto join = [=](at::Tensor& h, at::Tensor& skip, const UNetPlace& place) {
    const bool is_wide = h.size(1) == 4 * place.model_channels;
    if (!is_wide && h.size(1) != 2 * place.model_channels) return;
    const FreeU& by = is_wide ? wide : half_wide;
    if (by.features != 1) h = scale_features(h, factor(h, by.features));
    if (by.skip != 1) skip = skip + low_frequencies(skip, 1, 1) * (by.skip - 1);
  };
  return {.join = join};
}

}  // namespace

UNetHook free_u(FreeU wide, FreeU half_wide) {
  return free_u_with(wide, half_wide, [](const at::Tensor&, double b) {
    return at::scalar_tensor(b, at::kFloat);
  });
}

UNetHook free_u_v2(FreeU wide, FreeU half_wide) {
  return free_u_with(wide, half_wide, [](const at::Tensor& h, double b) {
    return prominence(h) * (b - 1) + 1;
  });
}

}  // namespace heddle::diffusion
