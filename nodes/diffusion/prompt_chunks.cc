// From segments to chunks of 77 tokens: text is tokenized, embeddings are looked up, and neither is
// cut if it is short.
#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <stdexcept>

#include "nodes/diffusion/prompt.h"
#include "nodes/diffusion/python_text.h"
#include "nodes/diffusion/tokenizer.h"

namespace heddle::diffusion {
namespace {

constexpr size_t kChunk = 77;
constexpr size_t kLong = 8;  // tokens from which on a segment may be cut
constexpr std::string_view kEmbedding = "embedding:";

/// A segment parted before each embedding: a part either starts with `embedding:` or has none that
/// counts.
std::vector<std::string_view> split_at_embeddings(std::string_view text) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  for (size_t at = text.find(kEmbedding); at != std::string_view::npos;
       at = text.find(kEmbedding, at + 1)) {
    if (at == 0 || (text[at - 1] != ' ' && text[at - 1] != '\n')) continue;
    parts.push_back(text.substr(begin, at - 1 - begin));
    begin = at;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::string join(std::span<const std::string> words) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : " ").append(word);
  return text;
}

/// Fills chunks group by group, where a group is what should stay together.
class Chunker {
 public:
  explicit Chunker(int pad) : pad_(pad) { start(); }

  void add(std::span<const Token> group) {
    const bool may_cut = group.size() >= kLong;
    while (group.size() > room()) {
      const size_t taken = may_cut ? room() : 0;
      append(group.first(taken));
      group = group.subspan(taken);
      finish();
      start();
    }
    append(group);
  }

  std::vector<std::vector<Token>> take() {
    finish();
    return std::move(chunks_);
  }

 private:
  size_t room() const { return kChunk - 1 - chunks_.back().size(); }
  void append(std::span<const Token> tokens) {
    chunks_.back().insert(chunks_.back().end(), tokens.begin(), tokens.end());
  }
  void start() { chunks_.emplace_back().push_back({kStartToken}); }
  void finish() {
    chunks_.back().push_back({kEndToken});
    chunks_.back().resize(kChunk, Token{pad_});
  }

  int pad_;
  std::vector<std::vector<Token>> chunks_;
};

/// Turns the parts of a prompt into groups of tokens.
class Reader {
 public:
  Reader(int pad, const FindEmbedding& find) : find_(find), chunker_(pad) {}

  void read(const Segment& segment) {
    for (std::string_view part : split_at_embeddings(segment.text)) {
      if (part.starts_with(kEmbedding)) {
        read_embedding(part.substr(kEmbedding.size()), segment.weight);
      } else {
        read_text(part, segment.weight);
      }
    }
  }

  TokenChunks take() {
    result_.chunks = chunker_.take();
    return std::move(result_);
  }

 private:
  void read_text(std::string_view text, double weight) {
    std::vector<Token> group;
    for (int id : tokenize(text)) group.push_back({.id = id, .weight = weight});
    chunker_.add(group);
  }

  void read_embedding(std::string_view text, double weight) {
    const std::vector<std::string> words = python_words(text);
    if (words.empty()) {
      throw std::invalid_argument(
          "prompt: \"embedding:\" without a name; write embedding:NAME with the name of a file");
    }
    const std::string& name = words[0];
    std::string rest = join(std::span(words).subspan(1));
    int embedding = look_up(name);
    if (const std::string stripped = without_commas(name);
        embedding < 0 && stripped.size() < name.size()) {
      embedding = look_up(stripped);
      rest = name.substr(stripped.size()) + " " + rest;
    }
    if (embedding >= 0) {
      add_rows(embedding, weight);
    } else if (reported_.insert(name).second) {
      result_.missing.push_back(name);
    }
    read_text(rest, weight);
  }

  static std::string without_commas(const std::string& name) {
    const size_t begin = name.find_first_not_of(',');
    return begin == std::string::npos ? ""
                                      : name.substr(begin, name.find_last_not_of(',') + 1 - begin);
  }

  // The index in result_.embeddings, -1 if there is no such embedding.
  int look_up(const std::string& name) {
    if (name.empty() || !find_) return -1;
    const auto [known, is_new] = indices_.emplace(name, -1);
    if (!is_new) return known->second;
    std::optional<Embedding> found = find_(name);
    if (!found) return -1;
    if (!found->fits) result_.misfits.push_back(name);
    result_.embeddings.push_back(std::move(*found));
    return known->second = int(result_.embeddings.size()) - 1;
  }

  void add_rows(int embedding, double weight) {
    std::vector<Token> group;
    const int rows = int(result_.embeddings[size_t(embedding)].rows.size(0));
    for (int row = 0; row < rows; ++row) group.push_back({0, embedding, row, weight});
    chunker_.add(group);
  }

  const FindEmbedding& find_;
  std::map<std::string, int> indices_;  // of the names asked for, -1 where there is none
  std::set<std::string> reported_;
  TokenChunks result_;
  Chunker chunker_;
};

void leave_out_misfits(const std::vector<Embedding>& embeddings, int pad,
                       std::vector<Token>& chunk) {
  const std::vector<Token> before = chunk;
  std::erase_if(chunk, [&](const Token& token) {
    return token.embedding >= 0 && !embeddings[size_t(token.embedding)].fits;
  });
  chunk.resize(kChunk, Token{pad});
  for (size_t i = 0; i < kChunk; ++i) chunk[i].weight = before[i].weight;
}

}  // namespace

TokenChunks tokenize_prompt(std::string_view text, int pad, const FindEmbedding& find_embedding) {
  Reader reader(pad, find_embedding);
  for (const Segment& segment : parse_prompt(text)) reader.read(segment);
  TokenChunks tokens = reader.take();
  if (tokens.misfits.empty()) return tokens;
  for (std::vector<Token>& chunk : tokens.chunks) leave_out_misfits(tokens.embeddings, pad, chunk);
  return tokens;
}

}  // namespace heddle::diffusion
