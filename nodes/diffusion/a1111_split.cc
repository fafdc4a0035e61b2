// AND between prompts, and the weights of the parts.
#include <cctype>

#include "nodes/diffusion/a1111_prompt.h"
#include "nodes/diffusion/python_text.h"

namespace heddle::diffusion::a1111 {
namespace {

constexpr std::string_view kAnd = "AND", kDigits = "0123456789";

// Bytes of characters beyond ASCII count as letters.
bool is_word(unsigned char c) { return c >= 0x80 || std::isalnum(c) || c == '_'; }

bool is_whole_word(std::string_view text, size_t at, size_t size) {
  const bool starts = at == 0 || !is_word(static_cast<unsigned char>(text[at - 1]));
  const size_t end = at + size;
  return starts && (end == text.size() || !is_word(static_cast<unsigned char>(text[end])));
}

// "1", "-1.5", "2." or ".5", and nothing else that a float may look like.
bool is_plain_number(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const size_t point = text.find('.');
  const bool is_digits =
      text.substr(0, point).find_first_not_of(kDigits) == text.npos &&
      (point == text.npos || text.substr(point + 1).find_first_not_of(kDigits) == text.npos);
  return is_digits && text.find_first_of(kDigits) != text.npos;
}

WeightedPrompt read_part(std::string_view part) {
  part = python_strip(part);
  const size_t colon = part.rfind(':');
  if (colon != part.npos) {
    const std::string_view number = python_strip(part.substr(colon + 1));
    if (is_plain_number(number)) {
      return {std::string(python_strip(part.substr(0, colon))), python_float(number).value_or(1)};
    }
  }
  return {std::string(part), 1};
}

}  // namespace

std::vector<WeightedPrompt> split_prompts(std::string_view text) {
  std::vector<WeightedPrompt> parts;
  size_t begin = 0;
  for (size_t at = text.find(kAnd); at != text.npos; at = text.find(kAnd, at + kAnd.size())) {
    if (!is_whole_word(text, at, kAnd.size())) continue;
    parts.push_back(read_part(text.substr(begin, at - begin)));
    begin = at + kAnd.size();
  }
  parts.push_back(read_part(text.substr(begin)));
  return parts;
}

}  // namespace heddle::diffusion::a1111
