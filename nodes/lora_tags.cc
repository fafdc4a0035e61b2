#include "nodes/lora_tags.h"

#include <charconv>
#include <cmath>
#include <filesystem>
#include <stdexcept>

#include "engine/problem.h"

namespace heddle {
namespace {

constexpr std::string_view kOpen = "<lora:";

double parse_weight(std::string_view text, std::string_view tag) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  double weight;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(weight)) {
    throw std::invalid_argument("the weight in " + std::string(tag) +
                                " is not a number; write <lora:name:0.8> or <lora:name:0.8:0.5>");
  }
  return weight;
}

LoraTag parse_tag(std::string_view tag) {
  std::vector<std::string_view> parts;
  std::string_view rest = tag.substr(kOpen.size(), tag.size() - kOpen.size() - 1);
  while (parts.size() < 2) {
    const size_t colon = rest.find(':');
    if (colon == rest.npos) break;
    parts.push_back(rest.substr(0, colon));
    rest.remove_prefix(colon + 1);
  }
  parts.push_back(rest);
  LoraTag result{.name = std::string(parts[0])};
  if (result.name.empty()) throw std::invalid_argument("the tag " + std::string(tag) + " names no LoRA");
  if (parts.size() > 1) result.strength_model = result.strength_clip = parse_weight(parts[1], tag);
  if (parts.size() > 2) result.strength_clip = parse_weight(parts[2], tag);
  return result;
}

// Begin and end of the next tag at or after `from`, or npos.
std::pair<size_t, size_t> find_tag(std::string_view text, size_t from) {
  const size_t begin = text.find(kOpen, from);
  if (begin == text.npos) return {text.npos, text.npos};
  const size_t end = text.find('>', begin);
  return end == text.npos ? std::pair{text.npos, text.npos} : std::pair{begin, end + 1};
}

}  // namespace

TaggedText split_lora_tags(std::string_view text) {
  TaggedText result;
  size_t at = 0;
  while (true) {
    const auto [begin, end] = find_tag(text, at);
    if (begin == text.npos) break;
    result.text += text.substr(at, begin - at);
    result.tags.push_back(parse_tag(text.substr(begin, end - begin)));
    at = end;
  }
  result.text += text.substr(at);
  return result;
}

bool has_lora_tag(std::string_view text) { return find_tag(text, 0).first != text.npos; }

std::string find_lora(const std::string& name, const std::vector<std::string>& files) {
  std::vector<std::string> by_path, by_stem, stems;
  for (const std::string& file : files) {
    const std::filesystem::path path(file);
    if (file == name) return file;
    if ((path.parent_path() / path.stem()).generic_string() == name) by_path.push_back(file);
    if (path.stem() == name || path.filename() == name) by_stem.push_back(file);
    stems.push_back(path.stem().string());
  }
  const std::vector<std::string>& found = by_path.empty() ? by_stem : by_path;
  if (found.size() == 1) return found[0];
  if (found.empty()) {
    throw std::invalid_argument("there is no LoRA \"" + name + "\"" + did_you_mean(name, stems) +
                                "; `heddle models` lists what is there");
  }
  std::string candidates;
  for (const std::string& file : found) candidates += (candidates.empty() ? "" : ", ") + file;
  throw std::invalid_argument("the LoRA name \"" + name + "\" fits several files: " + candidates +
                              "; write the path of the one meant");
}

}  // namespace heddle
