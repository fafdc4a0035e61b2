// `<lora:name:weight>` tags in prompts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heddle {

struct LoraTag {
  std::string name;
  double strength_model = 1, strength_clip = 1;
};

struct TaggedText {
  std::string text;            // without the tags
  std::vector<LoraTag> tags;   // in order
};

/// Takes `<lora:name>`, `<lora:name:weight>` and `<lora:name:model_weight:clip_weight>` out of a text.
/// Throws std::invalid_argument for a tag whose weight is not a number.
TaggedText split_lora_tags(std::string_view text);

/// True if the text holds a tag.
bool has_lora_tag(std::string_view text);

/// The file that a tag names: by relative path, path without extension, or stem. `files` are relative names.
/// Throws std::invalid_argument for an unknown or ambiguous name, with the nearest or the candidates.
std::string find_lora(const std::string& name, const std::vector<std::string>& files);

}  // namespace heddle
