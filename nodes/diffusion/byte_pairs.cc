#include "nodes/diffusion/byte_pairs.h"

#include <algorithm>
#include <queue>
#include <stdexcept>
#include <string>

#include "nodes/diffusion/unicode.h"

extern "C" const char clip_merges_txt[], clip_merges_txt_end[];

namespace heddle::diffusion {
namespace {

constexpr int kBytes = 256, kNone = -1;
constexpr std::string_view kWordEnd = "</w>";

uint64_t pair_of(int left, int right) { return uint64_t(uint32_t(left)) << 32 | uint32_t(right); }

// Bytes that are written as the Latin-1 character of the same number. The others are written as
// U+0100 and on.
bool writes_itself(int byte) {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

// Where in the vocabulary each byte stands: first those that write themselves, then the rest.
void number_bytes(int (&ids)[kBytes]) {
  int next = 0;
  for (int byte = 0; byte < kBytes; ++byte) {
    if (writes_itself(byte)) ids[byte] = next++;
  }
  for (int byte = 0; byte < kBytes; ++byte) {
    if (!writes_itself(byte)) ids[byte] = next++;
  }
}

// From a symbol, as the file of merges writes it, to its id.
using Vocabulary = std::unordered_map<std::string, int>;

Vocabulary byte_symbols(const int (&ids)[kBytes]) {
  Vocabulary vocabulary;
  vocabulary.reserve(1 << 16);
  char32_t odd = 0x100;
  for (int byte = 0; byte < kBytes; ++byte) {
    std::string symbol;
    append_utf8(writes_itself(byte) ? char32_t(byte) : odd++, symbol);
    vocabulary.emplace(symbol, ids[byte]);
    vocabulary.emplace(symbol.append(kWordEnd), ids[byte] + kBytes);
  }
  return vocabulary;
}

std::string_view next_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

int known_symbol(const Vocabulary& vocabulary, const std::string& symbol, std::string_view line) {
  const auto found = vocabulary.find(symbol);
  if (found != vocabulary.end()) return found->second;
  throw std::runtime_error("merges of the tokenizer: \"" + symbol + "\" in line \"" +
                           std::string(line) + "\" is made by no line before");
}

// A word while it is merged: a list linked through places, so that a merge moves nothing.
struct Symbol {
  int id;
  int previous, next;
};

// A merge that was possible when it was queued. Lower ids first, then from the left.
struct Candidate {
  int id;
  int place;
  bool operator>(const Candidate& other) const {
    return id != other.id ? id > other.id : place > other.place;
  }
};

}  // namespace

BytePairs::BytePairs(std::string_view merges) {
  number_bytes(byte_ids_);
  Vocabulary vocabulary = byte_symbols(byte_ids_);
  pairs_.reserve(1 << 16);
  next_line(merges);
  for (int id = 2 * kBytes; !merges.empty(); ++id) {
    const std::string_view line = next_line(merges);
    const size_t space = std::min(line.find(' '), line.size());
    std::string left(line.substr(0, space)), right(line.substr(std::min(space + 1, line.size())));
    pairs_.emplace(
        pair_of(known_symbol(vocabulary, left, line), known_symbol(vocabulary, right, line)), id);
    vocabulary.emplace(left + right, id);
  }
}

const BytePairs& BytePairs::clip() {
  static const BytePairs table(
      std::string_view(clip_merges_txt, size_t(clip_merges_txt_end - clip_merges_txt)));
  return table;
}

int BytePairs::merged(int left, int right) const {
  const auto found = pairs_.find(pair_of(left, right));
  return found == pairs_.end() ? kNone : found->second;
}

void BytePairs::encode(std::string_view word, std::vector<int>& ids) const {
  const int count = int(word.size());
  std::vector<Symbol> symbols;
  symbols.reserve(word.size());
  for (int i = 0; i < count; ++i) {
    const bool last = i + 1 == count;
    symbols.push_back(
        {byte_ids_[uint8_t(word[size_t(i)])] + (last ? kBytes : 0), i - 1, last ? kNone : i + 1});
  }

  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto merge_at = [&](int place) {
    const int next = place == kNone ? kNone : symbols[size_t(place)].next;
    return next == kNone ? kNone : merged(symbols[size_t(place)].id, symbols[size_t(next)].id);
  };
  const auto consider = [&](int place) {
    if (const int id = merge_at(place); id != kNone) queue.push({id, place});
  };
  for (int i = 0; i < count; ++i) consider(i);

  while (!queue.empty()) {
    const auto [id, place] = queue.top();
    queue.pop();
    if (merge_at(place) != id) continue;  // a neighbour was merged away meanwhile
    Symbol& left = symbols[size_t(place)];
    Symbol& right = symbols[size_t(left.next)];
    left.id = id;
    left.next = right.next;
    right = {kNone, kNone, kNone};
    if (left.next != kNone) symbols[size_t(left.next)].previous = place;
    consider(left.previous);
    consider(place);
  }
  for (int i = count ? 0 : kNone; i != kNone; i = symbols[size_t(i)].next) {
    ids.push_back(symbols[size_t(i)].id);
  }
}

}  // namespace heddle::diffusion
