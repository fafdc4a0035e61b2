// OpenCLIP's names for a text encoder: what checkpoints of SD 2 and SDXL use, where networks here
// have those of Hugging Face.
#pragma once

#include "nodes/weights/safetensors_write.h"

namespace heddle::weights {

/// The same weights as OpenCLIP keeps them: query, key and value joined to one matrix of three
/// times the rows, and text_projection turned. Throws FileError for a name that it has no word for,
/// and for an attention layer that lacks one of the three.
TensorsToWrite in_open_clip_names(const TensorsToWrite& text_encoder);

}  // namespace heddle::weights
