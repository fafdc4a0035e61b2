#include "nodes/diffusion/vae.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <stdexcept>

#include "nodes/diffusion/layer_reader.h"
#include "nodes/diffusion/ops.h"
#include "nodes/diffusion/vae_network.h"

namespace heddle::diffusion {
namespace {

/// [B, H, W, C] in 0..1 to [B, 3, H', W'] in -1..1, cropped centrally to whole cells.
Tensor network_image(const Tensor& image, int64_t scale) {
  Tensor x = image.slice(3, 0, 3);
  for (const int64_t d : {1, 2}) {
    const int64_t spare = x.size(d) % scale;
    x = x.narrow(d, spare / 2, x.size(d) - spare);
  }
  return x.permute({0, 3, 1, 2}).contiguous().mul(2).sub_(1);
}

void require(bool holds, const std::string& expected, const Tensor& got) {
  if (holds) return;
  throw std::runtime_error(
      "this VAE takes " + expected + ", got " +
      (got.defined() ? shape_text(got.sizes().vec()) + " of " + at::toString(got.scalar_type())
                     : "nothing"));
}

bool is_float(const Tensor& x) {
  return x.defined() && x.dim() == 4 && x.scalar_type() == at::kFloat && x.numel() > 0;
}

}  // namespace

Vae::Vae(const Weights& weights, const Heartbeat& heartbeat)
    : Vae(read_kl_network(weights, heartbeat)) {}

Vae::Vae(std::unique_ptr<const VaeNetwork> network) : network_(std::move(network)) {}

Vae::~Vae() = default;

size_t Vae::bytes() const { return network_->bytes(); }

int Vae::latent_channels() const { return network_->latent_channels(); }

int Vae::scale() const { return network_->scale(); }

Tensor Vae::encode(const Tensor& image, const Heartbeat& heartbeat) const {
  const std::string cell = std::to_string(scale());
  require(is_float(image) && image.size(3) >= 3 && image.size(1) >= scale() &&
              image.size(2) >= scale(),
          "images [batch, height, width, 3 or more] of Float, at least " + cell + " by " + cell +
              " pixels",
          image);
  const at::NoGradGuard no_grad;
  std::vector<Tensor> means;
  for (const Tensor& picture : image.split(1)) {
    means.push_back(network_->encode(network_image(picture, scale()), heartbeat));
  }
  return at::cat(means);
}

Tensor Vae::decode(const Tensor& latent, const Heartbeat& heartbeat) const {
  const at::NoGradGuard no_grad;
  const Tensor raw = decode_raw(latent, heartbeat);
  return raw.permute({0, 2, 3, 1}).contiguous().add_(1).div_(2).clamp_(0, 1);
}

Tensor Vae::decode_raw(const Tensor& latent, const Heartbeat& heartbeat, const Tap& tap) const {
  require(is_float(latent) && latent.size(1) == latent_channels(),
          "latents [batch, " + std::to_string(latent_channels()) + ", height, width] of Float",
          latent);
  const at::NoGradGuard no_grad;
  std::vector<Tensor> pictures;
  for (const Tensor& item : latent.split(1)) {
    pictures.push_back(network_->decode(with_plain_strides(item), heartbeat, tap));
  }
  return at::cat(pictures);
}

}  // namespace heddle::diffusion
