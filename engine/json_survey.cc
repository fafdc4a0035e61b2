#include "engine/json_survey.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "engine/json.h"
#include "engine/utf8.h"

namespace heddle {
namespace {

constexpr std::array<bool, 256> kMeansSomething = [] {
  std::array<bool, 256> table{};
  for (const char c : {'"', '[', '{', ']', '}', 'n', 'N', 'I', '\0'}) table[size_t(c)] = true;
  return table;
}();

// The offset of the closing quote, or the end.
size_t end_of_string(std::string_view text, size_t opening) {
  size_t i = opening + 1;
  while (i < text.size() && text[i] != '"') i += text[i] == '\\' ? 2 : 1;
  return std::min(i, text.size());
}

// The text of one token: a string with its quotes, one sign, or everything up to a sign or a blank.
std::string_view token_at(std::string_view text, size_t at) {
  constexpr std::string_view kSigns = ",:[]{}";
  if (text[at] == '"') return text.substr(at, end_of_string(text, at) + 1 - at);
  if (kSigns.find(text[at]) != kSigns.npos) return text.substr(at, 1);
  const size_t end = text.find_first_of(",:[]{}\" \t\r\n", at + 1);
  return text.substr(at, end == text.npos ? end : end - at);
}

// Up to about 30 characters; what cannot be printed is shown as \xNN.
std::string printable_token(std::string_view token) {
  constexpr size_t kLongest = 30;
  std::string out;
  size_t count = 0;
  for (size_t at = 0; at < token.size(); ++count) {
    if (count == kLongest) return out + "...";
    const size_t start = at;
    const char32_t code = next_code_point(token, at);
    if (code >= 0x20 && code != 0x7F && code != kInvalidCodePoint) {
      out.append(token, start, at - start);
      continue;
    }
    char hex[5];
    std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned char>(token[start]));
    out += hex;
  }
  return out;
}

}  // namespace

JsonSurvey::JsonSurvey(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  original_ = text_ = text;
  if (text.size() > kMaxJsonBytes) {
    throw JsonError("the text has " + std::to_string(text.size()) + " bytes, at most " +
                    std::to_string(kMaxJsonBytes) + " are read");
  }
  size_t depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!kMeansSomething[static_cast<unsigned char>(c)]) continue;
    if (c == '"') {
      i = end_of_string(text, i);
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxJsonDepth)
        fail(i, "lists and objects may be nested " + std::to_string(kMaxJsonDepth) +
                    " deep, not deeper");
    } else if (c == ']' || c == '}') {
      if (depth > 0) --depth;
    } else {
      i += note_literal(i) - 1;
    }
  }
  if (!special_.empty()) replace_special();
}

// Returns the number of bytes to go on by.
size_t JsonSurvey::note_literal(size_t at) {
  const std::string_view rest = original_.substr(at);
  if (rest.front() == '\0') fail(at, "a NUL byte stands here; is this a text file in UTF-8?");
  if (rest.starts_with("null")) {
    literals_.push_back(Literal::kNull);
    return 4;
  }
  if (rest.starts_with("NaN")) return note_special(at, 3, Literal::kNaN);
  if (!rest.starts_with("Infinity")) return 1;
  const bool minus = at > 0 && original_[at - 1] == '-';
  if (!minus) return note_special(at, 8, Literal::kInfinity);
  return note_special(at - 1, 9, Literal::kMinusInfinity) - 1;
}

size_t JsonSurvey::note_special(size_t start, size_t size, Literal literal) {
  literals_.push_back(literal);
  special_.push_back({start, size});
  return size;
}

// Each becomes a null, filled up with blanks to its old size where it was longer, so that only NaN
// moves what follows.
void JsonSurvey::replace_special() {
  constexpr std::string_view kNull = "null";
  replaced_.reserve(original_.size() + special_.size());
  size_t copied = 0;
  for (const Special& special : special_) {
    replaced_.append(original_, copied, special.start - copied);
    replaced_.append(kNull);
    if (special.size < kNull.size()) {
      growth_after_.push_back(replaced_.size());
    } else {
      replaced_.append(special.size - kNull.size(), ' ');
    }
    copied = special.start + special.size;
  }
  replaced_.append(original_.substr(copied));
  text_ = replaced_;
}

size_t JsonSurvey::original_offset(size_t offset) const {
  const auto after = std::upper_bound(growth_after_.begin(), growth_after_.end(), offset);
  return std::min(offset - size_t(after - growth_after_.begin()), original_.size());
}

std::string JsonSurvey::place(size_t offset) const {
  const std::string_view before = original_.substr(0, original_offset(offset));
  const size_t line = size_t(std::count(before.begin(), before.end(), '\n')) + 1;
  const std::string_view in_line = before.substr(before.rfind('\n') + 1);
  const auto starts_character = [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  };
  const size_t column = size_t(std::count_if(in_line.begin(), in_line.end(), starts_character)) + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column) + ": ";
}

std::string JsonSurvey::found(size_t offset) const {
  const size_t at = original_offset(offset);
  if (at >= original_.size()) return "the end of the text";
  return printable_token(token_at(original_, at));
}

void JsonSurvey::fail(size_t at, const std::string& what) const {
  throw JsonError(place(at) + what);
}

}  // namespace heddle
