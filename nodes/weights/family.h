// Families of diffusion models, told by the names and shapes of their tensors alone. Families that
// are known but not supported have a name too, so that a message can say what a file is instead of
// what it is not.
#pragma once

#include <string>

#include "nodes/weights/safetensors.h"

namespace heddle::weights {

/// SDXL's distilled relatives (Turbo, Lightning, SSD-1B, Vega, KOALA) are SDXL: their networks only
/// have fewer blocks.
enum class Family { kSd1, kSd2, kSdxl, kSdxlRefiner, kUnknown };
const char* family_name(Family family);  // "Stable Diffusion 1.x"
bool is_xl(Family family);               // SDXL and its refiner share their latents

/// What something looks like. `name` may be known where `family` is not ("Flux"); it is empty if
/// nothing is known.
struct FamilyGuess {
  Family family = Family::kUnknown;
  std::string name;
  std::string reason;  // the tensors that tell
};
FamilyGuess guess_of(Family family, std::string reason);

/// The family of a U-Net, names as the network has them. What else is special about it (inpainting,
/// missing blocks) is in the reason.
FamilyGuess guess_unet_family(const NamesAndShapes& unet);

/// The family of a whole file: by other kinds of network, then the U-Net, then the text encoders.
FamilyGuess guess_family(const TensorFile& file);

}  // namespace heddle::weights
