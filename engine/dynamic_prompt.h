// Texts with choices: comments removed, `{a|b|c}` replaced by one of its parts. ComfyUI's editor
// draws anew at each submission; here the draw is a function of the text and a seed, so that a
// graph gives the same picture again.
#pragma once

#include <string>
#include <string_view>

namespace heddle {

/// Removes `/* ... */` and `//` to the end of the line, draws one part of each pair of braces, and
/// turns `\{`, `\|` and
/// `\}` into the bare character. A brace that is not closed takes the rest of the text. The same on
/// every platform.
std::string draw_dynamic_prompt(std::string_view text, std::string_view seed);

}  // namespace heddle
