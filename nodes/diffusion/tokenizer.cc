#include "nodes/diffusion/tokenizer.h"

#include <array>
#include <string>

#include "nodes/diffusion/byte_pairs.h"
#include "nodes/diffusion/unicode.h"

namespace heddle::diffusion {
namespace {

struct Special {
  std::string_view text;
  std::u32string_view wide;
  int id;
};
constexpr std::array<Special, 2> kSpecials{{{"<|startoftext|>", U"<|startoftext|>", kStartToken},
                                            {"<|endoftext|>", U"<|endoftext|>", kEndToken}}};
constexpr std::array<std::u32string_view, 7> kContractions{U"'s", U"'t",  U"'re", U"'ve",
                                                           U"'m", U"'ll", U"'d"};

bool is_other(char32_t c) { return !is_space(c) && !is_letter(c) && !is_number(c); }

template <typename Is>
size_t run_length(std::u32string_view text, Is is) {
  size_t n = 0;
  while (n < text.size() && is(text[n])) ++n;
  return n;
}

// The length of the piece that `text` starts with; it does not start with white space.
size_t piece_length(std::u32string_view text) {
  for (std::u32string_view contraction : kContractions) {
    if (text.starts_with(contraction)) return contraction.size();
  }
  if (is_letter(text[0])) return run_length(text, is_letter);
  if (is_number(text[0])) return 1;
  return run_length(text, is_other);
}

void encode_piece(std::u32string_view piece, std::vector<int>& ids) {
  std::string bytes;
  for (char32_t c : piece) append_utf8(c, bytes);
  BytePairs::clip().encode(bytes, ids);
}

size_t special_length(std::u32string_view text) {
  for (const Special& special : kSpecials) {
    if (text.starts_with(special.wide)) return special.wide.size();
  }
  return 0;
}

void encode_pieces(std::u32string_view text, std::vector<int>& ids) {
  while (!text.empty()) {
    if (is_space(text[0])) {
      text.remove_prefix(1);
      continue;
    }
    const size_t size = piece_length(text);
    encode_piece(text.substr(0, size), ids);
    text.remove_prefix(size);
  }
}

// A special written in capitals is text, but no piece reaches beyond its end: in "<|ENDOFTEXT|>!"
// the "!" is apart. It is only seen where a piece starts, so not behind other signs, which take its
// "<|" with them.
void encode_text(std::u32string_view text, std::vector<int>& ids) {
  while (!text.empty()) {
    size_t size = special_length(text);
    if (size == 0) size = is_space(text[0]) ? 1 : piece_length(text);
    encode_pieces(text.substr(0, size), ids);
    text.remove_prefix(size);
  }
}

// The first special in the text as it was written.
struct Found {
  size_t at = std::string_view::npos;
  const Special* special = nullptr;
};
Found find_special(std::string_view text) {
  for (size_t at = text.find("<|"); at != std::string_view::npos; at = text.find("<|", at + 1)) {
    for (const Special& special : kSpecials) {
      if (text.substr(at).starts_with(special.text)) return {at, &special};
    }
  }
  return {};
}

}  // namespace

std::vector<int> tokenize(std::string_view text) {
  std::vector<int> ids;
  while (true) {
    const auto [at, special] = find_special(text);
    // White space only separates pieces, so collapsing its runs to one space would change nothing.
    encode_text(to_lower(compose(from_utf8(text.substr(0, at)))), ids);
    if (!special) return ids;
    ids.push_back(special->id);
    text.remove_prefix(at + special->text.size());
  }
}

}  // namespace heddle::diffusion
