// Latents made from others, and bringing one to the size of another before they are combined.
#pragma once

#include "nodes/values.h"

namespace heddle {

/// `latent` with other samples; its mask and draws of noise stay.
Latent with_samples(const Latent& latent, const at::Tensor& samples);

/// The samples of `latent` in the height and width of `target` (bilinear, cut to its shape). Throws std::runtime_error
/// if they have other channels or are empty.
at::Tensor fit_size(const Latent& latent, const Latent& target);

/// The same, and its batch repeated or cut to that of `target`.
at::Tensor fit_size_and_batch(const Latent& latent, const Latent& target);

}  // namespace heddle
