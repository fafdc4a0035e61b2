// What a VAE can be given, for every node that uses one.
#pragma once

#include "nodes/values.h"

namespace heddle {

/// Throws std::runtime_error if the latent is empty, of another kind of VAE, or not finite.
void check_decodable(const Latent& latent, const diffusion::Vae& vae);

/// Throws std::runtime_error if the picture is empty, smaller than a latent cell, without colours, or not finite.
void check_encodable(const Image& image, const diffusion::Vae& vae);

}  // namespace heddle
