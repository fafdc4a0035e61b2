// What is in a checkpoint file: which family, and where its parts are. Everything follows from names and shapes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "nodes/diffusion/weights.h"
#include "nodes/weights/lora.h"
#include "nodes/weights/safetensors.h"

namespace heddle::weights {

enum class Family { kSd1, kSd2, kSdxl, kSdxlRefiner, kUnknown };
const char* family_name(Family family);  // "Stable Diffusion 1.x"

/// Names of a network -> names in the file (plus what to do with the tensor on the way).
struct Part {
  std::string prefix;                         // in the file
  std::map<std::string, std::string> names;   // network name -> file name
};

struct Checkpoint {
  std::shared_ptr<const TensorFile> file;
  Family family = Family::kUnknown;
  std::string reason;  // the tensors that decided the family
  std::optional<Part> unet, vae, text;
};

/// Finds the parts of a single-file checkpoint, or of a file with one part alone (VAE, U-Net, text encoder).
/// Throws FileError if the file holds none of them, or one of a family that is not supported yet (and says which).
Checkpoint open_checkpoint(const std::filesystem::path& path);

/// Weights of one part, patched. Text encoder weights are rounded to fp16 first and after patching (`half`), as
/// ComfyUI keeps them; others are fp32. `patches` may be null.
std::shared_ptr<const diffusion::Weights> part_weights(std::shared_ptr<const TensorFile> file, const Part& part,
                                                       bool half, std::shared_ptr<const Patches> patches);

}  // namespace heddle::weights
