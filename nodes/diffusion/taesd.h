// Tiny AutoEncoder for Stable Diffusion (TAESD, Ollin Boer Bohan 2023): a small network that does
// about what the real autoencoder does, a hundred times faster. And no autoencoder at all.
#pragma once

#include <memory>

#include "nodes/diffusion/vae_network.h"

namespace heddle::diffusion {

/// Names are `taesd_encoder.N...` and `taesd_decoder.N...`. Its own latents are in the scale of the
/// U-Net; `latent_scale` is what those of a Vae are multiplied by to get there (0.18215 for SD 1).
/// Throws std::runtime_error that names a tensor which is missing or odd.
std::unique_ptr<const VaeNetwork> read_tiny_network(const Weights& weights, double latent_scale,
                                                    const Heartbeat& heartbeat);

/// The picture itself, -1..1, as a latent of three channels.
std::unique_ptr<const VaeNetwork> pixel_space_network();

}  // namespace heddle::diffusion
