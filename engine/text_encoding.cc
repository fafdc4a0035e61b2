#include "engine/text_encoding.h"

#include <algorithm>
#include <cstdint>

namespace heddle {
namespace {

constexpr char32_t kLastCodePoint = 0x10FFFF;

bool is_surrogate(char32_t code) { return code >= 0xD800 && code <= 0xDFFF; }

// The number of bytes a first byte announces, or 0 if it cannot be one.
size_t sequence_length(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  if (first >= 0xF0 && first <= 0xF4) return 4;
  return 0;
}

// Takes one code point off the front of `text`; nothing for what RFC 3629 forbids. REQUIRES:
// !text.empty().
std::optional<char32_t> take_code_point(std::string_view& text) {
  static constexpr char32_t kFirstBits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  static constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const size_t length = sequence_length(static_cast<unsigned char>(text[0]));
  if (length == 0 || length > text.size()) return std::nullopt;
  char32_t code = static_cast<unsigned char>(text[0]) & kFirstBits[length];
  for (size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0) != 0x80) return std::nullopt;
    code = code << 6 | (byte & 0x3F);
  }
  if (code < kSmallest[length] || code > kLastCodePoint || is_surrogate(code)) return std::nullopt;
  text.remove_prefix(length);
  return code;
}

void append_utf8(std::string& text, char32_t code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
    return;
  }
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  static constexpr unsigned kMarks[] = {0, 0xC0, 0xE0, 0xF0};
  text += static_cast<char>(kMarks[more] | code >> (6 * more));
  for (int i = more - 1; i >= 0; --i) text += static_cast<char>(0x80 | (code >> (6 * i) & 0x3F));
}

void append_utf16(std::string& bytes, char32_t unit) {
  bytes += static_cast<char>(unit >> 8);
  bytes += static_cast<char>(unit & 0xFF);
}

char32_t unit_at(std::string_view bytes, size_t at, ByteOrder order) {
  const auto a = static_cast<unsigned char>(bytes[at]),
             b = static_cast<unsigned char>(bytes[at + 1]);
  return order == ByteOrder::kBig ? char32_t(a) << 8 | b : char32_t(b) << 8 | a;
}

}  // namespace

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    if (!take_code_point(text)) return false;
  }
  return true;
}

std::string utf8_or_latin1(std::string_view text) {
  std::string result;
  if (is_utf8(text)) return result.assign(text);
  for (unsigned char c : text) append_utf8(result, c);
  return result;
}

std::optional<std::string> utf8_from_utf16(std::string_view bytes, ByteOrder order) {
  std::string text;
  for (size_t at = 0; at + 1 < bytes.size(); at += 2) {
    char32_t code = unit_at(bytes, at, order);
    if (is_surrogate(code)) {
      at += 2;
      if (code >= 0xDC00 || at + 1 >= bytes.size()) return std::nullopt;
      const char32_t low = unit_at(bytes, at, order);
      if (low < 0xDC00 || low > 0xDFFF) return std::nullopt;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(text, code);
  }
  return text;
}

std::string utf16_from_utf8(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const char32_t code = take_code_point(text).value();
    if (code < 0x10000) {
      append_utf16(bytes, code);
    } else {
      append_utf16(bytes, 0xD800 + ((code - 0x10000) >> 10));
      append_utf16(bytes, 0xDC00 + ((code - 0x10000) & 0x3FF));
    }
  }
  return bytes;
}

}  // namespace heddle
