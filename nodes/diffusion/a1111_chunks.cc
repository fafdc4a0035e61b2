// From weighted text to chunks of 77 tokens.
#include <algorithm>
#include <map>
#include <stdexcept>
#include <unordered_map>

#include "nodes/diffusion/a1111_prompt.h"
#include "nodes/diffusion/tokenizer.h"

namespace heddle::diffusion::a1111 {
namespace {

constexpr size_t kChunk = 75;      // without start and end
constexpr size_t kBacktrack = 20;  // how far before the end of a full chunk a comma is looked for
constexpr size_t kNowhere = size_t(-1);

/// Embeddings by the tokens of their names.
class Names {
 public:
  explicit Names(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      std::vector<int> ids = tokenize(name);
      if (!ids.empty()) by_first_[ids[0]].push_back({std::move(ids), name});
    }
    for (auto& [first, entries] : by_first_) {
      std::stable_sort(entries.begin(), entries.end(),
                       [](const Entry& a, const Entry& b) { return a.ids.size() > b.ids.size(); });
    }
  }

  struct Entry {
    std::vector<int> ids;
    std::string name;
  };
  /// Those whose tokens stand at `at`, the longest first.
  std::vector<const Entry*> at(const std::vector<int>& ids, size_t at) const {
    std::vector<const Entry*> found;
    const auto entries = by_first_.find(ids[at]);
    if (entries == by_first_.end()) return found;
    for (const Entry& entry : entries->second) {
      if (entry.ids.size() > ids.size() - at) continue;
      if (std::equal(entry.ids.begin(), entry.ids.end(), ids.begin() + int64_t(at))) {
        found.push_back(&entry);
      }
    }
    return found;
  }

 private:
  std::unordered_map<int, std::vector<Entry>> by_first_;
};

class Chunker {
 public:
  explicit Chunker(int pad) : pad_(pad), comma_(tokenize(",").at(0)) {}

  /// Makes room for one more token. `id` is -1 for the rows of an embedding.
  void prepare(int id) {
    if (id == comma_) {
      last_comma_ = open_.size();
    } else if (open_.size() == kChunk && last_comma_ != kNowhere &&
               open_.size() - last_comma_ <= kBacktrack) {
      break_behind_comma();
    }
    if (open_.size() == kChunk) finish();
  }
  void append(Token token) { open_.push_back(token); }
  size_t room() const { return kChunk - open_.size(); }

  void finish() {
    std::vector<Token> chunk{{.id = kStartToken}};
    chunk.insert(chunk.end(), open_.begin(), open_.end());
    chunk.push_back({.id = kEndToken});
    chunk.resize(kChunk + 2, Token{pad_});
    chunks_.push_back(std::move(chunk));
    open_.clear();
    last_comma_ = kNowhere;
  }

  std::vector<std::vector<Token>> take() {
    if (!open_.empty() || chunks_.empty()) finish();
    return std::move(chunks_);
  }

 private:
  void break_behind_comma() {
    const auto cut = open_.begin() + int64_t(last_comma_) + 1;
    std::vector<Token> moved(cut, open_.end());
    open_.erase(cut, open_.end());
    finish();
    open_ = std::move(moved);
  }

  int pad_, comma_;
  std::vector<Token> open_;
  size_t last_comma_ = kNowhere;  // in open_
  std::vector<std::vector<Token>> chunks_;
};

class Reader {
 public:
  Reader(int pad, const Embeddings& embeddings)
      : find_(embeddings.find), names_(embeddings.names), chunker_(pad) {}

  void read(const Fragment& fragment) {
    if (fragment.is_break) return chunker_.finish();
    const std::vector<int> ids = tokenize(fragment.text);
    for (size_t i = 0; i < ids.size();) {
      chunker_.prepare(ids[i]);
      const size_t taken = read_embedding(ids, i, fragment.weight);
      if (taken == 0) chunker_.append({.id = ids[i], .weight = fragment.weight});
      i += std::max<size_t>(taken, 1);
    }
  }

  TokenChunks take() {
    result_.chunks = chunker_.take();
    return std::move(result_);
  }

 private:
  /// The number of tokens that an embedding at `at` stands for, 0 if there is none.
  size_t read_embedding(const std::vector<int>& ids, size_t at, double weight) {
    for (const Names::Entry* entry : names_.at(ids, at)) {
      const int index = look_up(entry->name);
      if (index < 0) continue;
      append_rows(index, weight);
      return entry->ids.size();
    }
    return 0;
  }

  // The index in result_.embeddings, -1 if there is none that fits.
  int look_up(const std::string& name) {
    const auto [known, is_new] = indices_.emplace(name, -1);
    if (!is_new) return known->second;
    std::optional<Embedding> found = find_(name);
    if (!found) return -1;
    if (!found->fits) {
      result_.misfits.push_back(name);
      return -1;
    }
    result_.embeddings.push_back(std::move(*found));
    return known->second = int(result_.embeddings.size()) - 1;
  }

  void append_rows(int index, double weight) {
    const Embedding& embedding = result_.embeddings[size_t(index)];
    const auto rows = size_t(embedding.rows.size(0));
    if (rows > kChunk) {
      throw std::invalid_argument("embedding \"" + embedding.name + "\" stands for " +
                                  std::to_string(rows) + " tokens; a chunk of text holds 75");
    }
    if (rows > chunker_.room()) chunker_.finish();
    for (size_t row = 0; row < rows; ++row) chunker_.append({0, index, int(row), weight});
  }

  const FindEmbedding& find_;
  Names names_;
  std::map<std::string, int> indices_;  // of the names asked for, -1 where there is none
  TokenChunks result_;
  Chunker chunker_;
};

}  // namespace

TokenChunks make_chunks(const std::vector<Fragment>& fragments, int pad,
                        const Embeddings& embeddings) {
  Reader reader(pad, embeddings);
  for (const Fragment& fragment : fragments) reader.read(fragment);
  return reader.take();
}

}  // namespace heddle::diffusion::a1111
