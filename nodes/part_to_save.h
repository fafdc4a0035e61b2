// A part of a MODEL, CLIP or VAE for those who write or merge its weights.
#pragma once

#include <stdexcept>

#include "nodes/values.h"
#include "nodes/weights/model_file_write.h"

namespace heddle {

/// Throws std::runtime_error if it has no weights: a stand-in, or a VAE that is no network.
inline weights::PartToSave to_save(const PatchedPart& part) {
  if (part.file) return {part.file, part.part, part.patches, part.rounding};
  throw std::runtime_error("there are no weights: the step that this value comes from gave a stand-in; link a loaded one");
}

}  // namespace heddle
