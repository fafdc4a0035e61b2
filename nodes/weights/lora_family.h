// For which family of models a LoRA was made.
#pragma once

#include <string>
#include <vector>

#include "nodes/weights/family.h"

namespace heddle::weights {

/// What a LoRA looks like: by keys that only one family has, then by the width of its
/// cross-attention, then by what its metadata claims.
FamilyGuess guess_lora_family(const TensorFile& lora);

/// The same by names of keys alone, the only evidence good enough to refuse a file.
FamilyGuess guess_lora_family(const std::vector<std::string>& keys);

}  // namespace heddle::weights
