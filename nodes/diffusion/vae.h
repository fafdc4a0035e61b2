// The autoencoder of latent diffusion (Rombach et al. 2022): pictures to latents and back, eight pixels a cell.
// Latents here are unscaled ("VAE space").
#pragma once

#include <memory>

#include "nodes/diffusion/heartbeat.h"
#include "nodes/diffusion/weights.h"

namespace heddle::diffusion {

class Vae {
 public:
  /// Names are those of single-file checkpoints, prefix removed (`decoder.conv_in.weight`).
  explicit Vae(const Weights& weights, const Heartbeat& heartbeat = {});
  ~Vae();

  size_t bytes() const;
  int latent_channels() const;
  int scale() const;  // pixels a latent cell, 8 for Stable Diffusion

  /// image [B, H, W, C] in 0..1, first three channels used, cropped centrally to multiples of scale();
  /// gives the mean latent [B, c, H/8, W/8], never a sample.
  Tensor encode(const Tensor& image, const Heartbeat& heartbeat = {}) const;

  /// latent [B, c, h, w]; gives [B, 8h, 8w, 3] clamped to 0..1.
  Tensor decode(const Tensor& latent, const Heartbeat& heartbeat = {}) const;

  /// The decoder's output before clamping, [B, 3, 8h, 8w], about -1..1.
  Tensor decode_raw(const Tensor& latent, const Heartbeat& heartbeat = {}) const;

 private:
  struct Network;
  std::unique_ptr<const Network> network_;
};

}  // namespace heddle::diffusion
