// Base64 (RFC 4648): bytes as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace heddle {

/// Standard or URL alphabet, with or without padding and line breaks; "data:...;base64," in front is skipped. Nothing for
/// other characters or a length that cannot be.
std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace heddle
