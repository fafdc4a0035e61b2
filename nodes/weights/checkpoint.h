// What is in a checkpoint file: which family, and where its parts are. Everything follows from
// names and shapes.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nodes/weights/family.h"
#include "nodes/weights/part.h"
#include "nodes/weights/prediction.h"
#include "nodes/weights/safetensors.h"

namespace heddle::weights {

struct Checkpoint {
  std::shared_ptr<const TensorFile> file;
  Family family = Family::kUnknown;  // of a VAE alone: unknown, several families share it
  std::string reason;                // the tensors that decided the family
  PredictionGuess prediction;        // of the U-Net
  std::optional<Part> unet, vae;
  std::vector<Part> text;  // its encoders, in the order of PartKind
};

/// Finds the parts of a single-file checkpoint, or of a file with one part alone (VAE, U-Net, text
/// encoder). A part that is there is complete. Throws FileError if the file holds none, if one
/// lacks tensors (and lists them), or if it is something else or of a family that is not supported
/// (and says what).
Checkpoint open_checkpoint(const std::filesystem::path& path);
Checkpoint open_checkpoint(std::shared_ptr<const TensorFile> file);

}  // namespace heddle::weights
