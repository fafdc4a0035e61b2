// The ways in which programs name the tensors of a network. Each takes the tensors of a part as a
// file has them, prefix removed, and says which tensor of the network each one is; what it does not
// know it leaves out.
#pragma once

#include "nodes/weights/part.h"

namespace heddle::weights {

/// As the networks here: CompVis' U-Net and VAE, Hugging Face's text
/// encoder.
Naming same_names(const NamesAndShapes& file);

/// A text encoder of Hugging Face without the "text_model." in front.
Naming bare_text_names(const NamesAndShapes& file);

/// A text encoder of OpenAI's CLIP and OpenCLIP: query, key and value in one tensor, the projection
/// the other way round.
Naming open_clip_names(const NamesAndShapes& file);

/// diffusers' UNet2DConditionModel.
Naming diffusers_unet_names(const NamesAndShapes& file);

/// diffusers' AutoencoderKL, of any age: attention has had three sets of names.
Naming diffusers_vae_names(const NamesAndShapes& file);

}  // namespace heddle::weights
