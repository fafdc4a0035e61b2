// What a flag's text means to a socket: one value, or several to be tried in turn.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/declaration.h"
#include "engine/json.h"

namespace heddle::cli {

/// Several values are a JSON list for every type; for numbers, switches and choices also a list
/// with commas, in which N..M counts through whole numbers. Texts keep their commas and are taken
/// as they stand, or quoted as JSON. A socket that only takes links gets one by ["STEP", OUTPUT].
/// `is_choice` tells whether a text is one of the choices or files of a COMBO.
/// Throws std::invalid_argument in words. What is not a value of the type is left for check_graph
/// to refuse.
std::vector<Json> parse_values(const InputSpec& spec, const std::string& text,
                               const std::function<bool(const std::string&)>& is_choice);

/// Most values that one flag may give.
inline constexpr size_t kMostValues = 10'000;

}  // namespace heddle::cli
