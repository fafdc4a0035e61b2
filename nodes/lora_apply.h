// Puts a LoRA on a model and says what it did: a LoRA that does nothing is never silent.
#pragma once

#include <optional>
#include <vector>

#include "engine/run_context.h"
#include "nodes/lora_blocks.h"
#include "nodes/lora_tags.h"
#include "nodes/values.h"

namespace heddle {

struct Patched {
  Model model;
  std::optional<Clip> clip;
};

struct LoraStrengths {
  double model = 1, clip = 1;
  BlockStrengths blocks = {};
};

/// `clip` may be null. Notes what the file is and how many keys found a weight; warns of those that did not. A
/// strength of 0 changes nothing but weights that are replaced, as in ComfyUI; the file is checked all the same.
/// Throws FileError as match_lora does.
Patched add_lora(const Model& model, const Clip* clip, const LoraFile& lora, const LoraStrengths& strengths,
                 RunContext& context);

/// The LoRAs that tags of a prompt name, in order, as a chain of loaders would add them. Throws what add_lora throws,
/// std::invalid_argument for a name that fits no file or several.
Patched add_tagged_loras(const Model& model, const Clip& clip, const std::vector<LoraTag>& tags, RunContext& context);

}  // namespace heddle
