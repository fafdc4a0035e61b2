// LoRAs that tags of a prompt name, for every node that reads such prompts.
#pragma once

#include <utility>
#include <vector>

#include "engine/run_context.h"
#include "nodes/lora_tags.h"
#include "nodes/values.h"

namespace heddle {

/// The model and its text encoder with the LoRAs of the tags, in order, as a chain of loaders would give them. Throws
/// what loading a LoRA throws, std::invalid_argument for a name that fits no file or several.
std::pair<Model, Clip> add_tagged_loras(const Model& model, const Clip& clip, const std::vector<LoraTag>& tags,
                                        RunContext& context);

}  // namespace heddle
