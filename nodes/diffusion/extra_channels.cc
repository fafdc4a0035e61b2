#include "nodes/diffusion/extra_channels.h"

#include <ATen/ATen.h>

#include <stdexcept>
#include <string>

#include "nodes/diffusion/batch.h"
#include "nodes/diffusion/resize.h"

namespace heddle::diffusion {
namespace {

// What the autoencoder makes of a grey picture, in the scale of Stable Diffusion 1: the masked
// picture where all of it is masked.
constexpr float kGrey[] = {0.8223f, -0.6876f, 0.6364f, 0.1380f};

at::Tensor blank(at::IntArrayRef shape) {
  const at::Tensor grey = at::tensor(at::ArrayRef<float>(kGrey)).reshape({1, 4, 1, 1});
  const at::Tensor everywhere = at::ones({shape[0], 1, shape[2], shape[3]});
  return at::cat({everywhere, grey.expand({shape[0], 4, shape[2], shape[3]})}, 1);
}

/// x [b, c, h, w] in the size and batch of a latent.
at::Tensor fit(const at::Tensor& x, at::IntArrayRef shape) {
  const bool fits = x.size(2) == shape[2] && x.size(3) == shape[3];
  return repeat_to_batch(fits ? x : resize(x, "bilinear", shape[3], shape[2], true), shape[0]);
}

void check_channels(const at::Tensor& latent, int64_t channels) {
  if (latent.size(1) == channels) return;
  throw std::runtime_error("the picture that the conditioning brings has " +
                           std::to_string(latent.size(1)) +
                           " latent channels, but this model takes " + std::to_string(channels) +
                           ": encode it with the VAE that belongs to the model");
}

}  // namespace

ExtraChannels extra_channels(int64_t count, const at::Tensor& latent, const at::Tensor& noise_mask,
                             double latent_scale) {
  if (count == 0) return {};
  if (count == 4) {
    return [](const ConditioningEntry& entry, at::IntArrayRef shape) {
      if (!entry.concat_latent.defined()) return at::zeros(shape);
      check_channels(entry.concat_latent, shape[1]);
      return fit(entry.concat_latent, shape);
    };
  }
  if (count == 5) {
    return [=](const ConditioningEntry& entry, at::IntArrayRef shape) {
      const at::Tensor mask =
          entry.concat_mask.defined() ? entry.concat_mask.unsqueeze(1) : noise_mask;
      if (!mask.defined()) return blank(shape);
      const at::Tensor& picture = entry.concat_latent.defined() ? entry.concat_latent : latent;
      check_channels(picture, shape[1]);
      return at::cat({fit(mask, shape).round(), fit(picture * latent_scale, shape)}, 1);
    };
  }
  throw std::runtime_error(
      "this model takes " + std::to_string(count) +
      " channels beside the latent; known are 4 (picture editing) and 5 (inpainting)");
}

}  // namespace heddle::diffusion
