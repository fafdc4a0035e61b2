#include "nodes/diffusion/extra_channels.h"

#include <ATen/ATen.h>

#include <stdexcept>
#include <string>

#include "nodes/diffusion/batch.h"
#include "nodes/diffusion/resize.h"

namespace heddle::diffusion {
namespace {

// What the autoencoder makes of a grey picture, in the scale of Stable Diffusion 1: the masked picture where all of it
// is masked.
constexpr float kGrey[] = {0.8223f, -0.6876f, 0.6364f, 0.1380f};

at::Tensor grey_like(const at::Tensor& latent) {
  return at::tensor(at::ArrayRef<float>(kGrey)).reshape({1, 4, 1, 1}).expand_as(latent);
}

at::Tensor mask_like(const at::Tensor& mask, const at::Tensor& latent) {
  const at::Tensor fitted = resize(mask.round(), "bilinear", latent.size(3), latent.size(2), true);
  return repeat_to_batch(fitted, latent.size(0));
}

}  // namespace

at::Tensor extra_channels(int64_t in_channels, const at::Tensor& latent, const at::Tensor& noise_mask) {
  const int64_t channels = latent.size(1), extra = in_channels - channels;
  if (extra == 0) return {};
  if (extra == channels) return at::zeros_like(latent);
  if (extra != channels + 1) {
    throw std::runtime_error("this model takes " + std::to_string(in_channels) +
                             " channels, of which only " + std::to_string(channels) + " are known how to fill");
  }
  if (!noise_mask.defined()) return at::cat({at::ones_like(latent.slice(1, 0, 1)), grey_like(latent)}, 1);
  return at::cat({mask_like(noise_mask, latent), latent}, 1);
}

}  // namespace heddle::diffusion
