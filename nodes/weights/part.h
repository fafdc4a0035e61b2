// The parts of a model file: which keys belong to the U-Net, the VAE or a text encoder, and what
// the network calls them. Layouts of files join as rows of one table (part.cc).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "nodes/weights/safetensors.h"

namespace heddle::weights {

/// Text encoders: OpenAI's CLIP-L (SD 1, SDXL), OpenCLIP's H (SD 2) and G (SDXL and its refiner).
enum class PartKind { kUNet, kVae, kClipL, kClipH, kClipG };
const char* part_name(PartKind kind);  // "U-Net"
constexpr PartKind kTextEncoders[] = {PartKind::kClipL, PartKind::kClipH, PartKind::kClipG};
bool is_text_encoder(PartKind kind);

/// Where a file keeps a tensor of a network, and what must be done to it: programs store some
/// weights joined, turned, or as matrices where others have 1x1 convolutions.
struct Source {
  static constexpr int kAllRows = -1;

  std::string key;
  int third = kAllRows;     // 0, 1, 2: that third of the rows
  bool transposed = false;  // the file has [in, out]
  bool pointwise = false;   // the file has [out, in] for [out, in, 1, 1]

  /// Of the network's tensor, given that of the file's.
  std::vector<int64_t> shape(std::vector<int64_t> of_file) const;
};
using Sources = std::map<std::string, Source>;  // network name -> source

/// How one program names the tensors of a network.
struct Naming {
  Sources sources;
  /// What the file would call a tensor that it does not have. REQUIRES: set.
  std::function<std::string(const std::string& network_name)> spell;
};

struct Part {
  PartKind kind = PartKind::kUNet;
  std::string prefix;  // of the file's names: "first_stage_model."
  Naming naming;       // its keys with the prefix, what it spells without
  int layers_left_out = 0;  // of a text encoder: last layers that the file does without

  /// What the file would call `network_name`, also if it is not there.
  std::string file_name(const std::string& network_name) const;
};

/// The U-Net or VAE under the first known prefix, or nothing. Keys that no network reads (averaged
/// weights, schedules) are left out.
std::optional<Part> find_part(const std::map<std::string, TensorInfo>& tensors, PartKind kind);

/// All text encoders, in the order of PartKind. Where neither names nor sizes tell H and G apart,
/// an OpenCLIP encoder is taken for SDXL's.
std::vector<Part> find_text_encoders(const std::map<std::string, TensorInfo>& tensors);

/// The same encoder, where something else says which one it is.
Part with_kind(Part text, PartKind kind);

/// Network names with shapes.
NamesAndShapes shapes_of(const TensorFile& file, const Part& part);

/// The parts of a model, each by network names with shapes.
using PartShapes = std::map<PartKind, NamesAndShapes>;

}  // namespace heddle::weights
