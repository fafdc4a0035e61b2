// Weights in round and square brackets, escapes, and BREAK.
//
// The two kinds of brackets are matched each by itself, so "(a [b) c]" weighs b by both. A first
// pass finds what closes what, so that the weight of a place is the product of two stacks' tops.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "nodes/diffusion/a1111_prompt.h"
#include "nodes/diffusion/python_text.h"

namespace heddle::diffusion::a1111 {
namespace {

constexpr double kRound = 1.1, kSquare = 1 / 1.1;
constexpr std::string_view kBreak = "BREAK";

enum class Kind { kText, kOpenRound, kOpenSquare, kCloseRound, kCloseSquare, kWeight };

/// A piece of the prompt. `text` is what it gives where it is literal.
struct Piece {
  Kind kind = Kind::kText;
  std::string_view text;
  double factor = 1;  // of a bracket that opens, and of a weight
  bool matched = false;
};

// The end of ":1.3)" where one begins at the colon, or npos.
size_t weight_end(std::string_view text, size_t colon) {
  const size_t number = text.find_first_not_of(kPythonBlanks, colon + 1);
  if (number == text.npos) return text.npos;
  const size_t digits = text[number] == '+' || text[number] == '-' ? number + 1 : number;
  const size_t end = text.find_first_not_of("0123456789.", digits);
  if (end == text.npos || end == digits) return text.npos;
  const size_t closing = text.find_first_not_of(kPythonBlanks, end);
  return closing != text.npos && text[closing] == ')' ? closing + 1 : text.npos;
}

Piece read_weight(std::string_view text) {
  const std::optional<double> weight = python_float(text.substr(1, text.size() - 2));
  return {Kind::kWeight, text, weight.value_or(std::nan("")), false};
}

Piece read_piece(std::string_view text, size_t at) {
  switch (text[at]) {
    case '(':
      return {Kind::kOpenRound, text.substr(at, 1), kRound, false};
    case '[':
      return {Kind::kOpenSquare, text.substr(at, 1), kSquare, false};
    case ')':
      return {Kind::kCloseRound, text.substr(at, 1), 1, false};
    case ']':
      return {Kind::kCloseSquare, text.substr(at, 1), 1, false};
    case ':': {
      const size_t end = weight_end(text, at);
      if (end != text.npos) return read_weight(text.substr(at, end - at));
      return {Kind::kText, text.substr(at, 1), 1, false};
    }
    default: {
      const size_t end = std::min(text.find_first_of("\\()[]:", at), text.size());
      return {Kind::kText, text.substr(at, end - at), 1, false};
    }
  }
}

std::vector<Piece> read_pieces(std::string_view text) {
  std::vector<Piece> pieces;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '\\') {
      const bool escapes =
          at + 1 < text.size() && std::string_view("()[]\\").find(text[at + 1]) != text.npos;
      if (escapes) pieces.push_back({Kind::kText, text.substr(at + 1, 1), 1, false});
      at += escapes ? 2 : 1;
      continue;
    }
    pieces.push_back(read_piece(text, at));
    at += pieces.back().text.size();
  }
  return pieces;
}

void match(std::vector<Piece>& pieces) {
  std::vector<size_t> round, square;
  for (size_t i = 0; i < pieces.size(); ++i) {
    Piece& piece = pieces[i];
    if (piece.kind == Kind::kOpenRound) round.push_back(i);
    if (piece.kind == Kind::kOpenSquare) square.push_back(i);
    const bool closes_round = piece.kind == Kind::kCloseRound || piece.kind == Kind::kWeight;
    std::vector<size_t>& open = closes_round ? round : square;
    if ((!closes_round && piece.kind != Kind::kCloseSquare) || open.empty()) continue;
    if (piece.kind == Kind::kWeight) pieces[open.back()].factor = piece.factor;
    piece.matched = true;
    open.pop_back();
  }
}

/// Joins neighbours of one weight, and cuts out BREAK.
class Fragments {
 public:
  void add(std::string_view text, double weight) {
    for (size_t at = find_break(text); at != text.npos; at = find_break(text)) {
      const std::string_view before = text.substr(0, at);
      append(before.substr(0, before.find_last_not_of(kPythonBlanks) + 1), weight);
      fragments_.push_back({"", 1, true});
      text.remove_prefix(at + kBreak.size());
      text.remove_prefix(std::min(text.find_first_not_of(kPythonBlanks), text.size()));
    }
    append(text, weight);
  }

  std::vector<Fragment> take() {
    for (const Fragment& fragment : fragments_) check(fragment);
    return std::move(fragments_);
  }

 private:
  static bool is_word(unsigned char c) { return c >= 0x80 || std::isalnum(c) || c == '_'; }

  static size_t find_break(std::string_view text) {
    for (size_t at = text.find(kBreak); at != text.npos; at = text.find(kBreak, at + 1)) {
      const size_t end = at + kBreak.size();
      const bool starts = at == 0 || !is_word(static_cast<unsigned char>(text[at - 1]));
      if (starts && (end == text.size() || !is_word(static_cast<unsigned char>(text[end])))) {
        return at;
      }
    }
    return text.npos;
  }

  void append(std::string_view text, double weight) {
    if (text.empty()) return;
    const bool joins =
        !fragments_.empty() && !fragments_.back().is_break && fragments_.back().weight == weight;
    if (!joins) fragments_.push_back({"", weight, false});
    fragments_.back().text += text;
  }

  static void check(const Fragment& fragment) {
    if (std::isfinite(float(fragment.weight))) return;
    size_t size = std::min<size_t>(fragment.text.size(), 60);
    while (size > 0 && size < fragment.text.size() &&
           (uint8_t(fragment.text[size]) & 0xC0) == 0x80) {
      --size;
    }
    std::ostringstream message;
    message << "prompt: the weight of \"" << fragment.text.substr(0, size)
            << (size < fragment.text.size() ? "..." : "")
            << "\" is not a finite number; write it as in (cat:1.2)";
    throw std::invalid_argument(message.str());
  }

  std::vector<Fragment> fragments_;
};

}  // namespace

std::vector<Fragment> parse_emphasis(std::string_view text) {
  std::vector<Piece> pieces = read_pieces(text);
  match(pieces);
  Fragments fragments;
  std::vector<double> round{1}, square{1};  // products of what is open
  for (const Piece& piece : pieces) {
    const bool opens_round = piece.kind == Kind::kOpenRound;
    if (opens_round || piece.kind == Kind::kOpenSquare) {
      std::vector<double>& open = opens_round ? round : square;
      open.push_back(open.back() * piece.factor);
    } else if (piece.matched) {
      (piece.kind == Kind::kCloseSquare ? square : round).pop_back();
    } else {
      fragments.add(piece.text, round.back() * square.back());
    }
  }
  return fragments.take();
}

}  // namespace heddle::diffusion::a1111
