#include "nodes/a1111_tags.h"

#include <cctype>
#include <cmath>
#include <stdexcept>

#include "nodes/diffusion/python_text.h"

namespace heddle {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t at = text.find(separator); at != text.npos; at = text.find(separator)) {
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  parts.push_back(text);
  return parts;
}

A1111Tag read_tag(std::string_view text) {
  A1111Tag tag;
  tag.text = text;
  const std::vector<std::string_view> parts = split(text.substr(1, text.size() - 2), ':');
  tag.kind = parts[0];
  tag.name = parts.at(1);
  for (size_t i = 2; i < parts.size(); ++i) {
    const size_t equals = parts[i].find('=');
    if (equals == std::string_view::npos) {
      tag.numbers.emplace_back(parts[i]);
    } else {
      tag.named.emplace_back(parts[i].substr(0, equals), parts[i].substr(equals + 1));
    }
  }
  return tag;
}

// The end of "<word:" at `begin`, or npos if something else stands there.
size_t end_of_kind(std::string_view text, size_t begin) {
  size_t at = begin + 1;
  while (at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) || text[at] == '_')) ++at;
  return at > begin + 1 && at < text.size() && text[at] == ':' ? at + 1 : text.npos;
}

double weight_of(const std::string& text, const A1111Tag& tag) {
  const auto weight = diffusion::python_float(text);
  if (weight && std::isfinite(*weight)) return *weight;
  throw std::invalid_argument("\"" + text + "\" in " + tag.text +
                              " is not a number; write <lora:name:0.8> or <lora:name:te=0.5:unet=0.8>");
}

}  // namespace

A1111Tags split_a1111_tags(std::string_view text) {
  A1111Tags result;
  size_t done = 0, closing = 0;
  for (size_t begin = text.find('<'); begin != text.npos; begin = text.find('<', begin + 1)) {
    const size_t rest = end_of_kind(text, begin);
    if (rest == text.npos) continue;
    if (closing <= rest) closing = text.find('>', rest);
    if (closing == text.npos) break;
    if (closing == rest) continue;
    result.text += text.substr(done, begin - done);
    result.tags.push_back(read_tag(text.substr(begin, closing + 1 - begin)));
    done = closing + 1;
    begin = closing;
  }
  result.text += text.substr(done);
  return result;
}

bool is_lora(const A1111Tag& tag) { return tag.kind == "lora" || tag.kind == "lyco"; }

LoraTag lora_of(const A1111Tag& tag) {
  if (tag.name.empty()) throw std::invalid_argument("the tag " + tag.text + " names no LoRA");
  if (tag.numbers.size() > 2) {
    throw std::invalid_argument("the tag " + tag.text +
                                " has more than two weights: one for the text encoder, one for the model");
  }
  LoraTag lora{.name = tag.name};
  if (!tag.numbers.empty()) lora.strength_clip = lora.strength_model = weight_of(tag.numbers[0], tag);
  if (tag.numbers.size() > 1) lora.strength_model = weight_of(tag.numbers[1], tag);
  bool has_model_weight = tag.numbers.size() > 1;
  for (const auto& [name, value] : tag.named) {
    if (name == "unet") {
      lora.strength_model = weight_of(value, tag);
      has_model_weight = true;
    } else if (name == "te") {
      lora.strength_clip = weight_of(value, tag);
    } else {
      throw std::invalid_argument("the tag " + tag.text + " sets \"" + name +
                                  "\", which changes the LoRA in a way that heddle cannot; it knows te and unet");
    }
  }
  if (!has_model_weight) lora.strength_model = lora.strength_clip;
  return lora;
}

}  // namespace heddle
