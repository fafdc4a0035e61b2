// What is inside of a Vae: networks that turn one picture into a latent and back. Vae does what all
// of them share (batches, cropping, the range of pictures).
#pragma once

#include "nodes/diffusion/heartbeat.h"
#include "nodes/diffusion/vae.h"
#include "nodes/diffusion/weights.h"

namespace heddle::diffusion {

/// Immutable; safe to use from several threads.
class VaeNetwork {
 public:
  virtual ~VaeNetwork() = default;

  virtual size_t bytes() const = 0;
  virtual int latent_channels() const = 0;
  virtual int scale() const = 0;  // pixels a latent cell

  /// image [1, 3, H, W] in -1..1, whole cells, to the mean latent [1, c, H / scale, W / scale].
  virtual Tensor encode(const Tensor& image, const Heartbeat& heartbeat) const = 0;

  /// latent [1, c, h, w] to a picture [1, 3, scale h, scale w], about -1..1.
  virtual Tensor decode(const Tensor& latent, const Heartbeat& heartbeat,
                        const Vae::Tap& tap) const = 0;
};

/// The autoencoder that Stable Diffusion was trained with. Throws as Vae's constructor.
std::unique_ptr<const VaeNetwork> read_kl_network(const Weights& weights,
                                                  const Heartbeat& heartbeat);

}  // namespace heddle::diffusion
