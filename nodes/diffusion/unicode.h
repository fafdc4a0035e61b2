// The few Unicode operations that text needs, so that ICU stays behind one file.
// Everything works on code points; malformed UTF-8 becomes U+FFFD on the way in.
#pragma once

#include <string>
#include <string_view>

namespace heddle::diffusion {

/// Throws std::length_error beyond 256 MiB, which is no prompt.
std::u32string from_utf8(std::string_view text);
void append_utf8(char32_t c, std::string& out);

/// Normalization form C (Unicode Standard Annex 15), in n log n also for text made of nothing but
/// combining marks.
std::u32string compose(std::u32string_view text);

/// Lower case of each character by itself: a final sigma is no different from another.
std::u32string to_lower(std::u32string_view text);

bool is_letter(char32_t c);
bool is_number(char32_t c);
bool is_space(char32_t c);

/// The value of a decimal digit of any script, -1 for everything else.
int decimal_digit(char32_t c);

}  // namespace heddle::diffusion
