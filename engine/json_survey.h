// A first pass over a JSON text, before any parser sees it: bounds its size and depth, and replaces
// NaN and Infinity, which nlohmann's parser does not know, by nulls that the builder turns back. It
// also words the places of errors, in terms of the text as it came. Holds views into that text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace heddle {

class JsonSurvey {
 public:
  enum class Literal : uint8_t { kNull, kNaN, kInfinity, kMinusInfinity };

  /// Throws JsonError for a text over kMaxJsonBytes, for containers nested deeper than
  /// kMaxJsonDepth, and for NUL bytes outside strings.
  explicit JsonSurvey(std::string_view text);
  JsonSurvey(const JsonSurvey&) = delete;  // text() may point into the object
  JsonSurvey& operator=(const JsonSurvey&) = delete;

  /// What to parse.
  std::string_view text() const { return text_; }

  /// What each null of text() stands for, in order. Exact up to the first syntax error.
  const std::vector<Literal>& literals() const { return literals_; }

  /// `line 3, column 7: ` for an offset into text(); columns count characters.
  std::string place(size_t offset) const;

  /// The beginning of what stands at an offset into text(), for an error: `"seed"`, `}`, `the end
  /// of the text`.
  std::string found(size_t offset) const;

 private:
  struct Special {
    size_t start;
    size_t size;
  };

  size_t note_literal(size_t at);
  size_t note_special(size_t start, size_t size, Literal literal);
  void replace_special();
  size_t original_offset(size_t offset) const;
  [[noreturn]] void fail(size_t at, const std::string& what) const;

  std::string_view original_;  // without a byte order mark
  std::string_view text_;      // `original_`, or `replaced_`
  std::string replaced_;
  std::vector<Literal> literals_;
  std::vector<Special> special_;      // NaN and Infinity in `original_`
  std::vector<size_t> growth_after_;  // offsets in `replaced_` from which on it is one byte more
                                      // ahead of `original_`
};

}  // namespace heddle
