// `<lora:...>` and kin in AUTOMATIC1111's prompts. Its weights stand in another order than in LoraTags: first the text
// encoder's, then the model's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nodes/lora_tags.h"

namespace heddle {

/// A tag of AUTOMATIC1111's, <kind:name:...>, as it is written.
struct A1111Tag {
  std::string kind, name;
  std::vector<std::string> numbers;                        // what follows the name
  std::vector<std::pair<std::string, std::string>> named;  // te=0.5
  std::string text;
};

struct A1111Tags {
  std::string text;  // without the tags
  std::vector<A1111Tag> tags;
};

/// Takes every <word:...> out of a prompt. Linear in its length.
A1111Tags split_a1111_tags(std::string_view text);

/// True for a LoRA's tag: <lora:...>, or <lyco:...>, its older second name.
bool is_lora(const A1111Tag& tag);

/// <lora:name>, <lora:name:both>, <lora:name:te:unet>, <lora:name:te=0.5:unet=1>. Throws std::invalid_argument that
/// shows the tag if it has no name, a weight that is no number, or arguments that mean something else.
LoraTag lora_of(const A1111Tag& tag);

}  // namespace heddle
