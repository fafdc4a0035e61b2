// How Python reads text, where the meaning of a prompt rests on it: str.split() and float().
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::diffusion {

/// str.split(): the words between white space, which in Python includes U+001C to U+001F.
std::vector<std::string> python_words(std::string_view text);

/// The white space of ASCII, which is all that a prompt is expected to have around its pieces.
inline constexpr std::string_view kPythonBlanks = " \t\n\v\f\r";

/// `text` without kPythonBlanks at its ends.
std::string_view python_strip(std::string_view text);

/// The number that float() reads: blanks around it, digits of any script, "_" between digits,
/// "1e-2", ".5", "inf", "nan". A number that is too large is infinite. Nothing if `text` is not a
/// number.
std::optional<double> python_float(std::string_view text);

}  // namespace heddle::diffusion
