// The text encodings that picture files use, to and from the UTF-8 that heddle keeps. Strict: a
// sequence that is not what it claims to be is reported, never replaced.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace heddle {

enum class ByteOrder { kLittle, kBig };

bool is_ascii(std::string_view text);
bool is_utf8(std::string_view text);

/// `text` itself if it is UTF-8, else read as Latin-1. Tools write both where a format promises
/// Latin-1.
std::string utf8_or_latin1(std::string_view text);

/// Nothing for a lone surrogate. An odd byte at the end is ignored.
std::optional<std::string> utf8_from_utf16(std::string_view bytes, ByteOrder order);

/// Big-endian, without a byte order mark. REQUIRES: is_utf8(text).
std::string utf16_from_utf8(std::string_view text);

}  // namespace heddle
