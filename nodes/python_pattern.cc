#include "nodes/python_pattern.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace heddle {
namespace {

constexpr std::string_view kWord = R"(\p{L}\p{N}_)";
constexpr std::string_view kSpace = R"(\s\x0B\x1C-\x1F\x85)";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_octal(char c) { return c >= '0' && c <= '7'; }
bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 && static_cast<unsigned char>(c) < 128; }

std::string set(std::string_view members) { return "[" + std::string(members) + "]"; }
std::string other(std::string_view members) { return "[^" + std::string(members) + "]"; }

class Translator {
 public:
  Translator(std::string_view pattern, bool multiline) : pattern_(pattern), multiline_(multiline) {}

  IcuPattern run() {
    while (at_ < pattern_.size()) one();
    return std::move(out_);
  }

 private:
  void one() {
    switch (const char c = pattern_[at_]) {
      case '\\': return escape();
      case '[': return character_set();
      case '(': return group();
      case '{': return repetition();
      case '^':
        if (!multiline_) break;
        ++at_;
        return put(R"((?<![^\n]))");  // ICU's does not match behind the last line end
      case '}':
      case ']':
        ++at_;
        return put(std::string{'\\', c});
      default: break;
    }
    put(pattern_.substr(at_++, 1));
  }

  void put(std::string_view text) { out_.text += text; }
  char peek(size_t ahead) const { return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0'; }
  [[noreturn]] static void fail(const std::string& what) { throw std::runtime_error("the pattern " + what); }

  // Octal numbers, which ICU writes in another way. True if there was one.
  bool octal(bool in_set) {
    size_t digits = 0;
    while (digits < 3 && is_octal(peek(1 + digits))) ++digits;
    if (digits == 0 || (!in_set && peek(1) != '0' && digits < 3)) return false;
    const int value = std::stoi(std::string(pattern_.substr(at_ + 1, digits)), nullptr, 8);
    if (value > 0377) fail("has an octal number above \\377");
    constexpr const char* kHex = "0123456789ABCDEF";
    put(R"(\x)" + std::string{kHex[value >> 4], kHex[value & 15]});
    at_ += 1 + digits;
    return true;
  }

  void escape() {
    const char c = peek(1);
    if (c == '\0') fail("ends with a backslash");
    if (is_digit(c) && octal(false)) return;
    at_ += 2;
    const std::string word = set(kWord);
    switch (c) {
      case 'Z': return put(R"(\z)");
      case 'v': return put(R"(\x0B)");
      case 'w': return put(word);
      case 'W': return put(other(kWord));
      case 's': return put(set(kSpace));
      case 'S': return put(other(kSpace));
      case 'b': return put("(?:(?<=" + word + ")(?!" + word + ")|(?<!" + word + ")(?=" + word + "))");
      case 'B': return put("(?:(?<=" + word + ")(?=" + word + ")|(?<!" + word + ")(?!" + word + "))");
      default: break;
    }
    if (is_letter(c) && std::string_view("AdDafnrtxuUN").find(c) == std::string_view::npos) {
      fail(std::string("has \\") + c + ", which means nothing");
    }
    put(std::string{'\\', c});
  }

  void character_set() {
    put("[");
    ++at_;
    if (peek(0) == '^') {
      put("^");
      ++at_;
    }
    for (bool first = true; peek(0) != ']' || first; first = false) {
      if (at_ >= pattern_.size()) fail("has a [ without ]");
      set_member();
    }
    put("]");
    ++at_;
  }

  void set_member() {
    const char c = peek(0);
    if (c == '\\') return set_escape();
    // ICU calculates with sets: [a&&b], [a--b], [a[b]].
    const bool special = c == '[' || c == ']' || c == '&' || (c == '-' && peek(1) == '-');
    if (special) put("\\");
    put(pattern_.substr(at_++, 1));
  }

  void set_escape() {
    const char c = peek(1);
    if (c == '\0') fail("ends with a backslash");
    if (is_digit(c)) {
      if (octal(true)) return;
      fail("has a digit behind a backslash within [ ]");
    }
    at_ += 2;
    switch (c) {
      case 'b': return put(R"(\x08)");
      case 'v': return put(R"(\x0B)");
      case 'w': return put(kWord);
      case 'W': return put(other(kWord));
      case 's': return put(kSpace);
      case 'S': return put(other(kSpace));
      default: break;
    }
    if (is_letter(c) && std::string_view("dDafnrtxuUN").find(c) == std::string_view::npos) {
      fail(std::string("has \\") + c + " within [ ], which means nothing");
    }
    put(std::string{'\\', c});
  }

  void group() {
    const std::string_view rest = pattern_.substr(at_);
    if (!rest.starts_with("(?")) {
      ++count_;
      ++at_;
      return put("(");
    }
    if (rest.starts_with("(?P<")) return named_group();
    if (rest.starts_with("(?P=")) return named_reference();
    if (rest.starts_with("(?#")) {
      at_ += until(')').size() + 1;
      return;
    }
    if (rest.starts_with("(?(")) fail("has a conditional group, which is not supported");
    for (const std::string_view plain : {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"}) {
      if (!rest.starts_with(plain)) continue;
      at_ += plain.size();
      return put(plain);
    }
    flags();
  }

  /// What is left of the pattern before `end`.
  std::string_view until(char end) const {
    const size_t found = pattern_.find(end, at_);
    if (found == pattern_.npos) fail(std::string("has a group without ") + end);
    return pattern_.substr(at_, found - at_);
  }

  void named_group() {
    at_ += 4;
    const std::string name(until('>'));
    at_ += name.size() + 1;
    if (!out_.groups.emplace(name, ++count_).second) fail("has two groups named " + name);
    put("(");
  }

  void named_reference() {
    at_ += 4;
    const std::string name(until(')'));
    at_ += name.size() + 1;
    const auto found = out_.groups.find(name);
    if (found == out_.groups.end()) fail("refers to a group " + name + ", which it has not");
    put("(?:\\" + std::to_string(found->second) + ")");
  }

  void flags() {
    const size_t end = pattern_.find_first_of("):", at_);
    if (end == pattern_.npos) fail("has a ( without )");
    std::string letters(pattern_.substr(at_ + 2, end - at_ - 2));
    if (letters.empty() || letters.find_first_not_of("imsxu-") != std::string::npos) {
      fail("has (?" + letters + ", which is not supported");
    }
    std::erase(letters, 'u');  // what texts are anyway
    if (!letters.empty()) {
      put("(?" + letters + pattern_[end]);
    } else if (pattern_[end] == ':') {
      put("(?:");
    }
    at_ = end + 1;
  }

  // {2}, {2,}, {,3} and {2,3}; every other brace is a letter.
  void repetition() {
    size_t i = 1;
    while (is_digit(peek(i))) ++i;
    const bool has_least = i > 1, has_comma = peek(i) == ',';
    if (has_comma) ++i;
    while (has_comma && is_digit(peek(i))) ++i;
    if (peek(i) != '}' || !(has_least || has_comma)) {
      ++at_;
      return put(R"(\{)");
    }
    const std::string_view inner = pattern_.substr(at_ + 1, i - 1);
    put(has_least ? "{" : "{0");
    put(inner);
    put("}");
    at_ += i + 1;
  }

  std::string_view pattern_;
  bool multiline_;
  size_t at_ = 0;
  int count_ = 0;  // groups so far
  IcuPattern out_;
};

}  // namespace

IcuPattern to_icu_pattern(std::string_view pattern, bool multiline) { return Translator(pattern, multiline).run(); }

}  // namespace heddle
