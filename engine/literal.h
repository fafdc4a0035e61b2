// Literals: what a graph's JSON may say where a socket takes a value, and how it is cast.
#pragma once

#include <optional>
#include <string>

#include "engine/declaration.h"

namespace heddle {

/// Casts `literal` to INT, FLOAT, STRING or BOOLEAN as ComfyUI does: "12" and 3.7 become 12 and 3 for an INT, 5 becomes
/// "5" for a STRING, anything becomes its truth for a BOOLEAN. Other types are left alone. Nothing if it cannot be cast.
std::optional<Json> cast_literal(const Json& literal, const std::string& type);

/// `0 is outside 1..10000`, or nothing if the cast literal keeps the bounds of the spec.
std::optional<std::string> range_problem(const Json& literal, const InputSpec& spec);

/// A literal as a message shows it: JSON, cut when long.
std::string literal_text(const Json& literal);

}  // namespace heddle
