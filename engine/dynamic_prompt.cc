#include "engine/dynamic_prompt.h"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace heddle {
namespace {

// Where the line ends, by JavaScript's idea of lines.
size_t end_of_line(std::string_view text, size_t at) {
  constexpr std::string_view kLineSeparator = "\xE2\x80\xA8", kParagraphSeparator = "\xE2\x80\xA9";
  for (; at < text.size(); ++at) {
    const std::string_view rest = text.substr(at);
    if (rest[0] == '\n' || rest[0] == '\r') break;
    if (rest.starts_with(kLineSeparator) || rest.starts_with(kParagraphSeparator)) break;
  }
  return at;
}

std::string without_comments(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  size_t last_end = text.rfind("*/");  // an opening after it is no comment
  if (last_end == text.npos) last_end = 0;
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    if (rest.starts_with("//")) {
      at = end_of_line(text, at);
    } else if (rest.starts_with("/*") && at + 2 <= last_end) {
      at = text.find("*/", at + 2) + 2;
    } else {
      out += text[at++];
    }
  }
  return out;
}

// A pair of braces: the places behind its opening brace and behind each of its bars, and that of
// its end.
struct Braces {
  std::vector<size_t> parts;
  size_t end;  // of the last part; the closing brace stands there, or the text ends
};

using Choices = std::unordered_map<size_t, Braces>;  // by the place of the opening brace

bool is_escape(std::string_view text, size_t at) {
  return text[at] == '\\' && at + 1 < text.size();
}

Choices find_choices(std::string_view text) {
  Choices choices;
  std::vector<Braces*> open;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (is_escape(text, at)) {
      ++at;
    } else if (c == '{') {
      open.push_back(&choices.emplace(at, Braces{{at + 1}, text.size()}).first->second);
    } else if (c == '|' && !open.empty()) {
      open.back()->parts.push_back(at + 1);
    } else if (c == '}' && !open.empty()) {
      open.back()->end = at;
      open.pop_back();
    }
  }
  return choices;
}

// FNV-1a over seed and text, then splitmix64: nothing that differs between platforms or standard
// libraries.
class Draws {
 public:
  Draws(std::string_view text, std::string_view seed) {
    for (const char c : seed) mix(c);
    mix('\n');
    for (const char c : text) mix(c);
  }

  size_t below(size_t count) {
    state_ += 0x9E3779B97F4A7C15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return size_t((z ^ (z >> 31)) % count);
  }

 private:
  void mix(char c) { state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001B3u; }

  uint64_t state_ = 0xCBF29CE484222325u;
};

// A drawn part that is being copied, and where to go on behind its braces.
struct Part {
  size_t end;
  size_t behind;
};

}  // namespace

std::string draw_dynamic_prompt(std::string_view original, std::string_view seed) {
  if (original.find_first_of("/\\{") == original.npos) return std::string(original);
  const std::string text = without_comments(original);
  const Choices choices = find_choices(text);
  Draws draws(text, seed);
  std::vector<Part> inside;
  std::string out;
  for (size_t at = 0; at < text.size() || !inside.empty();) {
    if (!inside.empty() && at == inside.back().end) {
      at = inside.back().behind;
      inside.pop_back();
    } else if (is_escape(text, at)) {
      const char c = text[at + 1];
      if (c != '{' && c != '|' && c != '}') out += '\\';
      out += c;
      at += 2;
    } else if (const auto found = choices.find(at); found != choices.end()) {
      const Braces& choice = found->second;
      const size_t drawn = draws.below(choice.parts.size());
      const bool is_last = drawn + 1 == choice.parts.size();
      at = choice.parts[drawn];
      inside.push_back({is_last ? choice.end : choice.parts[drawn + 1] - 1,
                        std::min(choice.end + 1, text.size())});
    } else {
      out += text[at++];
    }
  }
  return out;
}

}  // namespace heddle
