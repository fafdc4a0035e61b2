#include "nodes/diffusion/python_text.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <locale>
#include <sstream>

#include "nodes/diffusion/unicode.h"

namespace heddle::diffusion {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// As float() prepares its text: digits of any script become ASCII, other white space a blank, the
// rest fails later on.
std::string to_ascii(std::string_view text) {
  std::string out;
  for (char32_t c : from_utf8(text)) {
    if (c < 128) {
      out += char(c);
    } else if (const int digit = decimal_digit(c); digit >= 0) {
      out += char('0' + digit);
    } else {
      out += is_space(c) ? ' ' : '?';
    }
  }
  return out;
}

// Without the underscores, if each stands between two digits.
std::optional<std::string> without_underscores(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
    } else if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1])) {
      return std::nullopt;
    }
  }
  return out;
}

size_t skip_sign(std::string_view text, size_t at) {
  return at < text.size() && (text[at] == '+' || text[at] == '-') ? at + 1 : at;
}

size_t skip_digits(std::string_view text, size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

// Unsigned: digits with a point before, between or behind them, then perhaps an exponent.
bool is_decimal(std::string_view text) {
  const size_t whole = skip_digits(text, 0);
  const bool has_point = whole < text.size() && text[whole] == '.';
  size_t at = has_point ? skip_digits(text, whole + 1) : whole;
  if (at == size_t(has_point)) return false;  // no digit
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    const size_t exponent = skip_sign(text, at + 1);
    at = skip_digits(text, exponent);
    if (at == exponent) return false;
  }
  return at == text.size();
}

double decimal_value(const std::string& text) {
  std::istringstream in(text);
  in.imbue(std::locale::classic());
  double value = 0;
  if (in >> value) return value;
  return std::numeric_limits<double>::infinity();  // its form was checked, so it is too large
}

std::optional<double> unsigned_value(const std::string& text) {
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return char(std::tolower(c)); });
  if (lower == "inf" || lower == "infinity") return std::numeric_limits<double>::infinity();
  if (lower == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (!is_decimal(text)) return std::nullopt;
  return decimal_value(text);
}

}  // namespace

std::string_view python_strip(std::string_view text) {
  const size_t begin = text.find_first_not_of(kPythonBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kPythonBlanks) + 1 - begin);
}

std::vector<std::string> python_words(std::string_view text) {
  std::vector<std::string> words;
  bool in_word = false;
  for (char32_t c : from_utf8(text)) {
    const bool space = is_space(c) || (c >= 0x1C && c <= 0x1F);
    if (!space && !in_word) words.emplace_back();
    if (!space) append_utf8(c, words.back());
    in_word = !space;
  }
  return words;
}

std::optional<double> python_float(std::string_view text) {
  const auto number = without_underscores(python_strip(to_ascii(text)));
  if (!number) return std::nullopt;
  const size_t digits = skip_sign(*number, 0);
  const auto value = unsigned_value(number->substr(digits));
  return value && number->starts_with('-') ? -*value : value;
}

}  // namespace heddle::diffusion
