// Decoding UTF-8, for texts that come from outside and may be anything.
#pragma once

#include <cstddef>
#include <string_view>

namespace heddle {

inline constexpr char32_t kInvalidCodePoint = 0xFFFFFFFF;

/// The code point that starts at `at`, which moves behind it; kInvalidCodePoint, and one byte on,
/// for bytes that are not UTF-8 (overlong forms, surrogates and values above U+10FFFF included).
/// REQUIRES: at < text.size().
char32_t next_code_point(std::string_view text, size_t& at);

}  // namespace heddle
