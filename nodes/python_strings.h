// What Python's str methods do, for the nodes that people know from there. Texts are UTF-8; positions count code points.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace heddle {

/// No text grows past this: a few nodes in a row could ask for all memory.
inline constexpr size_t kLongestText = size_t{16} << 20;  // bytes
/// Throws std::runtime_error if a text of `bytes` would be longer.
void check_text_length(size_t bytes);

int64_t python_length(std::string_view text);
/// text[start:end]; numbers below 0 count from the end.
std::string python_slice(std::string_view text, int64_t start, int64_t end);

std::string python_upper(std::string_view text);
std::string python_lower(std::string_view text);
/// The first letter large, the rest small.
std::string python_capitalize(std::string_view text);
/// The first letter of each run of letters large, the rest small: "they're" becomes "They'Re".
std::string python_title(std::string_view text);

/// Without white space in front (`left`) and behind (`right`).
std::string python_strip(std::string_view text, bool left, bool right);

/// Every `find` becomes `with`; an empty `find` is found between all characters. Throws std::runtime_error if the result
/// would be too long.
std::string python_replace(std::string_view text, std::string_view find, std::string_view with);

}  // namespace heddle
