// What every reader of model files throws, and how text that came out of a file is shown in a
// message: such text may be hostile (terminal escapes, megabytes), so it is never pasted in raw.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::weights {

/// A file that cannot be used. The text names the file, what is wrong, and what to do.
struct FileError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// `text` in double quotes, control characters as ?, cut after 160 bytes.
inline std::string in_quotes(std::string_view text) {
  constexpr size_t kLongest = 160;
  std::string shown = "\"";
  for (unsigned char c : text.substr(0, kLongest)) shown += c < 0x20 || c == 0x7F ? '?' : char(c);
  return shown + (text.size() > kLongest ? "...\"" : "\"");
}

/// The first three of `names`, quoted, and how many more there are.
inline std::string first_of(const std::vector<std::string>& names) {
  constexpr size_t kShown = 3;
  std::string text;
  for (size_t i = 0; i < names.size() && i < kShown; ++i) {
    text += (i ? ", " : "") + in_quotes(names[i]);
  }
  if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
  return text;
}

/// "[320, 4, 3, 3]".
template <typename Shape>
std::string shape_text(const Shape& shape) {
  std::string text = "[";
  for (const auto n : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
  return text + "]";
}

}  // namespace heddle::weights
