#include "engine/utf8.h"

namespace heddle {

char32_t next_code_point(std::string_view text, size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0x80) return lead;
  if (lead < 0xC2 || lead > 0xF4) return kInvalidCodePoint;
  const size_t following = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  char32_t code = lead & (0x3F >> following);
  if (text.size() - at < following) return kInvalidCodePoint;
  for (size_t k = 0; k < following; ++k) {
    const auto byte = static_cast<unsigned char>(text[at + k]);
    if ((byte & 0xC0) != 0x80) return kInvalidCodePoint;
    code = code << 6 | (byte & 0x3F);
  }
  constexpr char32_t kSmallest[] = {0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kSmallest[following] || code > 0x10FFFF || surrogate) return kInvalidCodePoint;
  at += following;
  return code;
}

}  // namespace heddle
