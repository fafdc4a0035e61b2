// ComfyUI's prompt syntax: weights in parentheses, escapes, embeddings, and chunks of 75 tokens.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::diffusion {

/// A run of text with one weight.
struct Segment {
  std::string text;
  double weight = 1;
};
/// Linear in the length of `text`, however deep its parentheses are. Throws std::invalid_argument
/// for a weight that is not finite (in fp32).
std::vector<Segment> parse_prompt(std::string_view text);

/// A textual inversion: rows [N, width] fp32 that stand for N tokens. `name` is as written in the
/// prompt.
struct Embedding {
  std::string name;
  at::Tensor rows;
  bool fits = true;  // as wide as the encoder; see TokenChunks::misfits
};
/// Finds the embedding of a name for the encoder at hand, or nothing. Asked once for each name.
using FindEmbedding = std::function<std::optional<Embedding>(const std::string& name)>;

/// One place of a chunk: a token id, or row `row` of embeddings[embedding].
struct Token {
  int id = 0;
  int embedding = -1;
  int row = 0;
  double weight = 1;
};

/// A prompt cut into chunks of 77 tokens (start, up to 75, end, padding); at least one.
struct TokenChunks {
  std::vector<std::vector<Token>> chunks;
  std::vector<Embedding> embeddings;
  std::vector<std::string> missing;  // embeddings that were named and not found
  std::vector<std::string> misfits;  // embeddings of another width, left out
};
/// `pad` fills the places behind the end token: kEndToken for CLIP-L, 0 for OpenCLIP.
/// A segment, or the rows of an embedding, with fewer than 8 tokens is never cut between chunks.
/// Rows that do not fit take part in the cutting; then they are left out, what follows moves up,
/// and weights stay at their places, as in ComfyUI. `missing` and `misfits` are for a warning.
/// Throws std::invalid_argument for a weight that is not finite and for `embedding:` without a
/// name.
TokenChunks tokenize_prompt(std::string_view text, int pad, const FindEmbedding& find_embedding);

}  // namespace heddle::diffusion
