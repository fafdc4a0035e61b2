// What a model file is: a checkpoint, a LoRA, a ControlNet... Everything follows from the names of
// its tensors.
#pragma once

#include <string>

#include "nodes/weights/safetensors.h"

namespace heddle::weights {

enum class FileKind { kCheckpoint, kUNet, kVae, kTextEncoder, kLora, kEmbedding, kLatent, kOther };
const char* kind_name(FileKind kind);  // "text encoder"

struct KindGuess {
  FileKind kind = FileKind::kOther;
  std::string what;       // "a ControlNet"; of kOther without a guess: empty
  bool readable = false;  // by find_part or match_lora
};
KindGuess guess_kind(const TensorFile& file);

}  // namespace heddle::weights
