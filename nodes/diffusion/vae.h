// The autoencoder of latent diffusion (Rombach et al. 2022): pictures to latents and back, eight
// pixels a cell. Latents here are unscaled ("VAE space"). Safe to use from several threads.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "nodes/diffusion/heartbeat.h"
#include "nodes/diffusion/weights.h"

namespace heddle::diffusion {

class VaeNetwork;

class Vae {
 public:
  /// Sees what each named part of the decoder gives, picture by picture: `post_quant_conv`,
  /// `conv_in`, `mid.block_1`, `mid.attn_1`, `mid.block_2`, `up.N`. For tests and for finding out
  /// where two programs part.
  using Tap = std::function<void(const std::string& name, const Tensor& value)>;

  /// Names are those of single-file checkpoints, prefix removed (`decoder.conv_in.weight`). Throws
  /// std::runtime_error that names the tensor if one is missing, odd, or of no use in this kind of
  /// network.
  explicit Vae(const Weights& weights, const Heartbeat& heartbeat = {});
  /// Another kind of network (taesd.h).
  explicit Vae(std::unique_ptr<const VaeNetwork> network);
  ~Vae();

  size_t bytes() const;
  int latent_channels() const;
  int scale() const;  // pixels a latent cell, 8 for Stable Diffusion

  /// image [B, H, W, C] in 0..1, first three channels used, cropped centrally to multiples of
  /// scale(); gives the mean latent [B, c, H/8, W/8], never a sample. Pictures of a batch go one by
  /// one. Throws std::runtime_error for a picture without three channels or smaller than one cell.
  Tensor encode(const Tensor& image, const Heartbeat& heartbeat = {}) const;

  /// latent [B, c, h, w]; gives [B, 8h, 8w, 3] clamped to 0..1.
  Tensor decode(const Tensor& latent, const Heartbeat& heartbeat = {}) const;

  /// The decoder's output before clamping, [B, 3, 8h, 8w], about -1..1.
  Tensor decode_raw(const Tensor& latent, const Heartbeat& heartbeat = {},
                    const Tap& tap = {}) const;

 private:
  std::unique_ptr<const VaeNetwork> network_;
};

}  // namespace heddle::diffusion
