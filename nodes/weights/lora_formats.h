// How LoRA files spell the tensors of one change: a stem that names a weight ("lora_unet_..."), and
// endings. Spellings and kinds are rows of tables.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/weights/patch.h"
#include "nodes/weights/safetensors.h"

namespace heddle::weights {

/// The stem of a key with a known ending, or nothing.
std::optional<std::string> stem_of(std::string_view key);

/// Whether a key occurs in LoRA files and nowhere else.
bool is_lora_key(std::string_view key);

/// One change with the keys it was read from.
struct LoraChange {
  Patch patch;  // strength 1; tensors are views into the file
  std::vector<std::string> keys;
};

/// What one stem changes: its weight, and the bias beside it.
struct StemChanges {
  std::optional<LoraChange> weight, bias;
};

/// Reads the tensors of a stem. Where several kinds are there, the last one counts, in the order of
/// ComfyUI: LoRA, LoHa, LoKr, GLoRA, OFT, BOFT, norm, difference, replacement. Throws FileError if
/// a kind is there by half ("up" without "down"), or if alpha is not one finite number.
StemChanges read_stem(const TensorFile& lora, const std::string& stem);

}  // namespace heddle::weights
