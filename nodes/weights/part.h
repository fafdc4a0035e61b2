// The parts of a model file: which keys belong to the U-Net, the VAE or a text encoder, and what
// the network calls them. Layouts of files join as rows of one table (part.cc).
#pragma once

#include <map>
#include <optional>
#include <string>

#include "nodes/weights/safetensors.h"

namespace heddle::weights {

/// Text encoders: OpenAI's CLIP-L (SD 1, SDXL), OpenCLIP's H (SD 2) and G (SDXL and its refiner).
enum class PartKind { kUNet, kVae, kClipL, kClipH, kClipG };
const char* part_name(PartKind kind);  // "U-Net"
constexpr PartKind kTextEncoders[] = {PartKind::kClipL, PartKind::kClipH, PartKind::kClipG};
bool is_text_encoder(PartKind kind);

/// Names of a network -> names in the file.
struct Part {
  PartKind kind = PartKind::kUNet;
  std::string prefix;   // of the file's names: "first_stage_model."
  std::string implied;  // beginning of the network's names that the file leaves out
  std::map<std::string, std::string> names;  // network name -> file name

  /// What the file would call `network_name`, also if it is not there.
  std::string file_name(const std::string& network_name) const;
};

/// The part of that kind under the first known prefix, or nothing. Keys that no network reads
/// (averaged weights, schedules) are left out.
std::optional<Part> find_part(const std::map<std::string, TensorInfo>& tensors, PartKind kind);

/// Network names with shapes.
NamesAndShapes shapes_of(const TensorFile& file, const Part& part);

/// The parts of a model, each by network names with shapes.
using PartShapes = std::map<PartKind, NamesAndShapes>;

}  // namespace heddle::weights
