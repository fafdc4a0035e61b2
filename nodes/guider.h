// GUIDER: a model together with what steers it, ready to be sampled with.
#pragma once

#include "nodes/values.h"

namespace heddle {

struct Guider {
  Model model;
  diffusion::Guidance guidance;
};

/// Classifier-free guidance between two prompts.
diffusion::Guidance guidance_of(const diffusion::Conditioning& positive, const diffusion::Conditioning& negative,
                                double scale);

/// D(x, sigma) for latents of the size of `latent`. Reads the network if nobody did before. The result keeps it.
/// Throws std::runtime_error if a conditioning or the latent does not fit the network.
diffusion::Denoiser open_guider(const Guider& guider, const Latent& latent, const diffusion::Heartbeat& heartbeat);

template <>
struct SocketType<Guider> {
  static constexpr std::string_view kName = "GUIDER";
  static size_t bytes(const Guider& guider) { return guider.model.weights.bytes(); }
  static std::vector<SharedBytes> shared(const Guider& guider) { return {guider.model.weights.shared()}; }
};

}  // namespace heddle
