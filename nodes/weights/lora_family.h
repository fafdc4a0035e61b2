// For which family of models a LoRA was made.
#pragma once

#include <string>
#include <vector>

#include "nodes/weights/family.h"

namespace heddle::weights {

/// What a LoRA looks like: by keys that only one family has, then by the width of its
/// cross-attention, then by what its metadata claims, then by the layers it has and their shapes.
FamilyGuess guess_lora_family(const TensorFile& lora);

/// The same without what is a mere hint: names, and the width of the cross-attention.
FamilyGuess guess_lora_family_by_tensors(const TensorFile& lora);

/// The same by names of keys alone. SD 1 and SD 2 have the same.
FamilyGuess guess_lora_family(const std::vector<std::string>& keys);

/// False if what is known of a LoRA speaks against a model.
bool may_be_for(const FamilyGuess& lora, const FamilyGuess& model);

}  // namespace heddle::weights
