// dump_python: JSON as Python's json.dumps writes it, so that bytes and texts can be compared with
// ComfyUI's.
#include <charconv>
#include <cmath>
#include <vector>

#include "engine/json.h"
#include "engine/utf8.h"

namespace heddle {
namespace {

void append_escape(char32_t unit, std::string& out) {
  out += "\\u";
  for (const int shift : {12, 8, 4, 0}) out += "0123456789abcdef"[unit >> shift & 0xF];
}

void append_character(char32_t code, std::string& out) {
  constexpr std::string_view kShort = "\"\\\n\r\t\f\b";
  constexpr std::string_view kLetters = "\"\\nrtfb";
  const size_t place = code < 0x80 ? kShort.find(static_cast<char>(code)) : kShort.npos;
  if (place != kShort.npos) {
    out += '\\';
    out += kLetters[place];
  } else if (code >= 0x20 && code < 0x7F) {
    out += static_cast<char>(code);
  } else if (code < 0x10000) {
    append_escape(code, out);
  } else {
    append_escape(0xD800 + ((code - 0x10000) >> 10), out);
    append_escape(0xDC00 + ((code - 0x10000) & 0x3FF), out);
  }
}

void append_string(const std::string& text, std::string& out) {
  out += '"';
  for (size_t at = 0; at < text.size();) {
    const char32_t code = next_code_point(text, at);
    if (code == kInvalidCodePoint)
      throw JsonError("text that is not UTF-8 cannot be written as JSON");
    append_character(code, out);
  }
  out += '"';
}

// Python's repr: the shortest digits that give the same double back, with an exponent below 1e-4
// and from 1e16 on.
void append_double(double value, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value < 0 ? "-Infinity" : "Infinity";
    return;
  }
  char digits[400];
  const double size = std::fabs(value);
  const bool fixed = size == 0 || (size >= 1e-4 && size < 1e16);
  const auto format = fixed ? std::chars_format::fixed : std::chars_format::scientific;
  const auto result = std::to_chars(digits, digits + sizeof digits, value, format);
  const std::string_view text(digits, size_t(result.ptr - digits));
  out += text;
  if (fixed && text.find('.') == text.npos) out += ".0";
}

void append_scalar(const Json& json, std::string& out) {
  switch (json.type()) {
    case Json::value_t::string:
      return append_string(json.get_ref<const std::string&>(), out);
    case Json::value_t::number_float:
      return append_double(json.get<double>(), out);
    case Json::value_t::null:
    case Json::value_t::boolean:
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      out += json.dump();
      return;
    default:
      throw JsonError("a value of type " + std::string(json.type_name()) +
                      " cannot be written as JSON");
  }
}

struct Frame {
  const Json* container;
  Json::const_iterator next;
};

// Writes a scalar, or the opening of a container, which then waits in `open`.
void begin(const Json& json, std::vector<Frame>& open, std::string& out) {
  if (!json.is_structured()) return append_scalar(json, out);
  out += json.is_object() ? '{' : '[';
  open.push_back({&json, json.begin()});
}

}  // namespace

std::string dump_python(const Json& json) {
  std::string out;
  std::vector<Frame> open;
  begin(json, open, out);
  while (!open.empty()) {
    Frame& frame = open.back();
    if (frame.next == frame.container->end()) {
      out += frame.container->is_object() ? '}' : ']';
      open.pop_back();
      continue;
    }
    if (frame.next != frame.container->begin()) out += ", ";
    if (frame.container->is_object()) {
      append_string(frame.next.key(), out);
      out += ": ";
    }
    const Json& value = *frame.next++;
    begin(value, open, out);
  }
  return out;
}

}  // namespace heddle
