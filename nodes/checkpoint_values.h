// The parts of an opened model file as values of a graph.
#pragma once

#include <string>

#include "nodes/values.h"
#include "nodes/weights/checkpoint.h"

namespace heddle {

/// REQUIRES: there is a U-Net.
Model model_of(const weights::Checkpoint& checkpoint, weights::Rounding rounding = weights::Rounding::kNone);

/// The text encoders, or a stand-in that says that `name` holds none.
Clip clip_of(const weights::Checkpoint& checkpoint, const std::string& name);

/// CLIP-L and OpenCLIP-G out of two files in either order, as SDXL has them. Throws std::runtime_error that names the file
/// without exactly one encoder, or both if they are the same kind of encoder.
Clip clip_of_pair(const weights::Checkpoint& first, const weights::Checkpoint& second);

/// The VAE, or a stand-in that says that `name` holds none. Throws std::runtime_error for a Tiny AutoEncoder that does not
/// say which latents it is for.
VaeValue vae_of(const weights::Checkpoint& checkpoint, const std::string& name);

}  // namespace heddle
