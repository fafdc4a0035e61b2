// JSON for people: indented, texts in UTF-8, NaN and Infinity written out as ComfyUI writes them.
#pragma once

#include <string>

#include "engine/json.h"

namespace heddle::cli {

/// Two spaces a level; lists of plain values, such as links, stay on one line. No recursion, and a
/// final line break.
std::string pretty_json(const Json& json);

}  // namespace heddle::cli
