// Weights in parentheses. `(x)` multiplies the weight by 1.1, `(x:w)` replaces it, `\(` and `\)`
// are literal.
#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>

#include "nodes/diffusion/prompt.h"
#include "nodes/diffusion/python_text.h"

namespace heddle::diffusion {
namespace {

constexpr size_t kNowhere = std::string_view::npos;
constexpr double kEmphasis = 1.1;

/// The text with its parentheses found once, so that nesting to any depth is read in linear time.
class Parentheses {
 public:
  explicit Parentheses(std::string_view text) : text_(text), closing_(text.size(), kNowhere) {
    std::vector<size_t> open;
    for (size_t i = 0; i < text.size(); ++i) {
      if (opens(i)) open.push_back(i);
      if (!closes(i) || open.empty()) continue;
      closing_[open.back()] = i;
      open.pop_back();
    }
  }

  bool opens(size_t i) const { return text_[i] == '(' && !is_escaped(i); }
  bool closes(size_t i) const { return text_[i] == ')' && !is_escaped(i); }

  /// The place of the ")" that belongs to the "(" at `i`, kNowhere if there is none.
  size_t closing(size_t i) const { return closing_[i]; }

 private:
  bool is_escaped(size_t i) const { return i > 0 && text_[i - 1] == '\\'; }

  std::string_view text_;
  std::vector<size_t> closing_;
};

/// What is still to be read, all with one weight.
struct Range {
  size_t begin, end;
  double weight;
};

// Ends before the "(" that opens a group. A surplus ")" makes the depth negative, and "(" only
// opens at depth 0.
size_t literal_end(const Parentheses& parentheses, const Range& range) {
  int64_t depth = 0;
  for (size_t i = range.begin; i < range.end; ++i) {
    if (parentheses.closes(i)) --depth;
    if (!parentheses.opens(i)) continue;
    if (depth == 0) return i;
    ++depth;
  }
  return range.end;
}

// An unclosed "(" takes everything up to the end.
size_t item_end(const Parentheses& parentheses, const Range& range) {
  if (!parentheses.opens(range.begin)) return literal_end(parentheses, range);
  const size_t closing = parentheses.closing(range.begin);
  return closing < range.end ? closing + 1 : range.end;
}

// What is between the parentheses, without the weight behind the last colon. No colon counts at the
// very start, nor one with a parenthesis behind it, since that is no number.
Range inside(std::string_view text, size_t begin, size_t end, double weight) {
  const std::string_view content = text.substr(begin, end - begin);
  const size_t colon = content.find_last_of(":()");
  if (colon != kNowhere && colon > 0 && content[colon] == ':') {
    const auto value = python_float(content.substr(colon + 1));
    if (value) return {begin, begin + colon, *value};
  }
  return {begin, end, weight * kEmphasis};
}

std::string unescape(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escapes =
        text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '(' || text[i + 1] == ')');
    if (!escapes) plain += text[i];
  }
  return plain;
}

// The beginning of a text, cut between characters.
std::string excerpt(std::string_view text) {
  size_t size = 60;
  if (text.size() <= size) return std::string(text);
  while (size > 0 && (uint8_t(text[size]) & 0xC0) == 0x80) --size;
  return std::string(text.substr(0, size)) + "...";
}

Segment make_segment(std::string_view text, double weight) {
  Segment segment{unescape(text), weight};
  if (std::isfinite(float(weight))) return segment;  // in fp32, which is what it multiplies
  std::ostringstream message;
  message << "prompt: the weight of \"" << excerpt(segment.text) << "\" is " << weight
          << "; write a finite number, as in (cat:1.2)";
  throw std::invalid_argument(message.str());
}

}  // namespace

std::vector<Segment> parse_prompt(std::string_view text) {
  const Parentheses parentheses(text);
  std::vector<Segment> segments;
  std::vector<Range> open{{0, text.size(), 1}};  // outermost first; as deep as the user likes
  while (!open.empty()) {
    Range& range = open.back();
    if (range.begin == range.end) {
      open.pop_back();
      continue;
    }
    const size_t begin = range.begin, end = item_end(parentheses, range);
    range.begin = end;
    const bool is_group =
        parentheses.opens(begin) && end - begin >= 2 && parentheses.closes(end - 1);
    if (is_group) {
      open.push_back(inside(text, begin + 1, end - 1, range.weight));
    } else {
      segments.push_back(make_segment(text.substr(begin, end - begin), range.weight));
    }
  }
  return segments;
}

}  // namespace heddle::diffusion
