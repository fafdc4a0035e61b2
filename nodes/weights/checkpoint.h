// What is in a checkpoint file: which family, and where its parts are. Everything follows from
// names and shapes.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "nodes/diffusion/weights.h"
#include "nodes/weights/family.h"
#include "nodes/weights/lora.h"
#include "nodes/weights/part.h"
#include "nodes/weights/safetensors.h"

namespace heddle::weights {

struct Checkpoint {
  std::shared_ptr<const TensorFile> file;
  Family family = Family::kUnknown;  // of a VAE alone: unknown, several families share it
  std::string reason;                // the tensors that decided the family
  std::optional<Part> unet, vae;
  std::vector<Part> text;  // its encoders, in the order of PartKind
};

/// Finds the parts of a single-file checkpoint, or of a file with one part alone (VAE, U-Net, text
/// encoder). A part that is there is complete. Throws FileError if the file holds none, if one
/// lacks tensors (and lists them), or if it is something else or of a family that is not supported
/// (and says what).
Checkpoint open_checkpoint(const std::filesystem::path& path);

/// The weights of one part, patched. `half`: rounded to fp16, and once more after patching, as
/// ComfyUI keeps text encoders; U-Net and VAE are fp32 as they come. Nothing is kept: each get()
/// reads the file and gives a tensor of its own. `patches` may be null.
std::shared_ptr<const diffusion::Weights> part_weights(std::shared_ptr<const TensorFile> file,
                                                       const Part& part, bool half,
                                                       std::shared_ptr<const Patches> patches);

}  // namespace heddle::weights
