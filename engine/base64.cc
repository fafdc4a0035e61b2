#include "engine/base64.h"

#include <cstdint>

namespace heddle {
namespace {

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

}  // namespace

std::optional<std::string> base64_decoded(std::string_view text) {
  if (text.starts_with("data:")) {
    constexpr std::string_view kMark = ";base64,";
    const size_t mark = text.find(kMark);
    if (mark == text.npos) return std::nullopt;
    text.remove_prefix(mark + kMark.size());
  }
  while (text.ends_with('=') || text.ends_with('\n')) text.remove_suffix(1);
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  uint32_t gathered = 0;
  int bits = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r') continue;
    const int digit = base64_digit(c);
    if (digit < 0) return std::nullopt;
    gathered = gathered << 6 | uint32_t(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += char(gathered >> bits & 0xff);
  }
  if (bits >= 6) return std::nullopt;  // a lone digit
  return bytes;
}

}  // namespace heddle
