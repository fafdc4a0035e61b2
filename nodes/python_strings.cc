#include "nodes/python_strings.h"

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/uchar.h>

#include <algorithm>
#include <stdexcept>

#include "nodes/diffusion/unicode.h"

namespace heddle {
namespace {

using diffusion::append_utf8;
using diffusion::from_utf8;

void check(UErrorCode status) {
  if (U_FAILURE(status)) throw std::runtime_error(std::string("changing case: ") + u_errorName(status));
}

std::string to_utf8(std::u32string_view text) {
  std::string out;
  for (const char32_t c : text) append_utf8(c, out);
  return out;
}

icu::StringPiece piece(std::string_view text) {
  check_text_length(text.size());
  return {text.data(), int32_t(text.size())};
}

bool is_cased(char32_t c) { return u_hasBinaryProperty(UChar32(c), UCHAR_CASED); }

// The separators U+001C to U+001F are white space in Python.
bool is_space(char32_t c) { return diffusion::is_space(c) || (c >= 0x1C && c <= 0x1F); }

bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

}  // namespace

void check_text_length(size_t bytes) {
  if (bytes <= kLongestText) return;
  throw std::runtime_error("the text would be " + std::to_string(bytes) + " bytes long; at most " +
                           std::to_string(kLongestText) + " are allowed");
}

int64_t python_length(std::string_view text) { return int64_t(from_utf8(text).size()); }

std::string python_slice(std::string_view text, int64_t start, int64_t end) {
  const std::u32string characters = from_utf8(text);
  const int64_t size = int64_t(characters.size());
  const auto place = [&](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + size : i, 0, size); };
  const int64_t first = place(start), last = place(end);
  return first < last ? to_utf8(std::u32string_view(characters).substr(size_t(first), size_t(last - first))) : "";
}

std::string python_upper(std::string_view text) {
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  UErrorCode status = U_ZERO_ERROR;
  icu::CaseMap::utf8ToUpper("", 0, piece(text), sink, nullptr, status);
  check(status);
  return out;
}

std::string python_lower(std::string_view text) {
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  UErrorCode status = U_ZERO_ERROR;
  icu::CaseMap::utf8ToLower("", 0, piece(text), sink, nullptr, status);
  check(status);
  return out;
}

std::string python_capitalize(std::string_view text) {
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  UErrorCode status = U_ZERO_ERROR;
  icu::CaseMap::utf8ToTitle("", U_TITLECASE_WHOLE_STRING | U_TITLECASE_NO_BREAK_ADJUSTMENT, nullptr, piece(text), sink,
                            nullptr, status);
  check(status);
  return out;
}

std::string python_title(std::string_view text) {
  check_text_length(text.size());
  const std::u32string characters = from_utf8(text);
  std::string out;
  for (auto at = characters.begin(); at != characters.end();) {
    const auto letters = std::find_if(at, characters.end(), is_cased);
    const auto behind = std::find_if_not(letters, characters.end(), is_cased);
    out += to_utf8({at, letters});
    out += python_capitalize(to_utf8({letters, behind}));
    at = behind;
  }
  return out;
}

std::string python_strip(std::string_view text, bool left, bool right) {
  std::u32string characters = from_utf8(text);
  if (right) {
    characters.erase(std::find_if_not(characters.rbegin(), characters.rend(), is_space).base(), characters.end());
  }
  if (left) characters.erase(characters.begin(), std::find_if_not(characters.begin(), characters.end(), is_space));
  return to_utf8(characters);
}

std::string python_replace(std::string_view text, std::string_view find, std::string_view with) {
  std::string out;
  const auto append = [&](std::string_view more) {
    check_text_length(out.size() + more.size());
    out += more;
  };
  if (find.empty()) {
    for (const char byte : text) {
      if (starts_character(byte)) append(with);
      append({&byte, 1});
    }
    append(with);
    return out;
  }
  size_t at = 0;
  for (size_t found = text.find(find); found != text.npos; found = text.find(find, at)) {
    append(text.substr(at, found - at));
    append(with);
    at = found + find.size();
  }
  append(text.substr(at));
  return out;
}

}  // namespace heddle
