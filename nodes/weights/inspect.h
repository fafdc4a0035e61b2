// What `heddle inspect` says of a model file or a diffusers folder. Reads headers, what
// guess_prediction reads, and the alphas of a LoRA.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "nodes/weights/file_kind.h"

namespace heddle::weights {

struct FileSummary {
  FileKind kind = FileKind::kOther;
  std::string what;    // "a checkpoint", "a ControlNet"; empty if nothing is known
  std::string family;  // "Stable Diffusion 1.x"; empty if it cannot be told
  std::string reason;  // the tensors that decided the family
  std::string prediction;  // of a U-Net: "noise (as all of its family)"
  std::string layout;  // "U-Net: 64 channels x (1, 2, 2), ..." one line a part; empty if there is
                       // none to read
  std::vector<std::string> triggers;  // of a LoRA: words that its metadata names
  std::map<std::string, size_t> dtypes;  // "F16" -> number of tensors
  size_t tensors = 0;
  uint64_t bytes = 0;
  std::map<std::string, std::string> metadata;
};

/// Throws FileError only if the file cannot be read as one of tensors; what it holds may be
/// anything.
FileSummary inspect_file(const std::filesystem::path& path);

}  // namespace heddle::weights
