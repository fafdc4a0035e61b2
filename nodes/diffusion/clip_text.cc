#include "nodes/diffusion/clip_text.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <stdexcept>

#include "nodes/diffusion/clip_network.h"

namespace heddle::diffusion {
namespace {

using Chunk = std::vector<Token>;

Chunk empty_chunk(int pad) {
  Chunk chunk(ClipNetwork::kTokens, Token{pad});
  chunk[0].id = kStartToken;
  chunk[1].id = kEndToken;
  return chunk;
}

bool is_weighted(const TokenChunks& tokens) {
  const auto weighs = [](const Token& token) { return token.weight != 1; };
  return std::any_of(tokens.chunks.begin(), tokens.chunks.end(), [&](const Chunk& chunk) {
    return std::any_of(chunk.begin(), chunk.end(), weighs);
  });
}

// The place of the first end token, rows of embeddings counted: there the pooled output is taken.
int64_t end_of(const Chunk& chunk) {
  const auto end = std::find_if(chunk.begin(), chunk.end(), [](const Token& token) {
    return token.embedding < 0 && token.id == kEndToken;
  });
  if (end != chunk.end()) return end - chunk.begin();
  throw std::invalid_argument("CLIP text encoder: a chunk of tokens has no end token");
}

Tensor weights_of(const std::vector<Chunk>& chunks) {
  Tensor weights = at::empty({int64_t(chunks.size()), ClipNetwork::kTokens}, at::kDouble);
  double* weight = weights.mutable_data_ptr<double>();
  for (const Chunk& chunk : chunks) {
    for (const Token& token : chunk) *weight++ = token.weight;
  }
  return weights;  // [B, 77]
}

// Token vectors [77, W] of a chunk; rows of embeddings take the place of ids.
Tensor embed(const ClipNetwork& network, const Chunk& chunk,
             const std::vector<Embedding>& embeddings) {
  if (int64_t(chunk.size()) != ClipNetwork::kTokens) {
    throw std::invalid_argument("CLIP text encoder: a chunk has " + std::to_string(chunk.size()) +
                                " tokens; expected 77");
  }
  Tensor ids = at::empty({ClipNetwork::kTokens}, at::kLong);
  for (size_t i = 0; i < chunk.size(); ++i) {
    const bool known = chunk[i].id >= 0 && chunk[i].id < network.vocabulary();
    if (!known) {
      throw std::invalid_argument("CLIP text encoder: no token has id " +
                                  std::to_string(chunk[i].id));
    }
    ids.mutable_data_ptr<int64_t>()[i] = chunk[i].id;
  }
  Tensor vectors = network.embed(ids);
  for (size_t i = 0; i < chunk.size(); ++i) {
    if (chunk[i].embedding < 0) continue;
    const Embedding& embedding = embeddings.at(size_t(chunk[i].embedding));
    if (embedding.rows.size(-1) != network.width()) {
      throw std::invalid_argument(
          "embedding \"" + embedding.name + "\" is " + std::to_string(embedding.rows.size(-1)) +
          " wide; this text encoder needs " + std::to_string(network.width()));
    }
    vectors[int64_t(i)].copy_(embedding.rows[chunk[i].row]);
  }
  return vectors;
}

}  // namespace

ClipKind clip_l() { return {}; }

ClipKind clip_h() {
  ClipKind kind = clip_g();
  kind.norm_hidden = true;
  kind.key = "clip_h";
  return kind;
}

ClipKind clip_g() {
  ClipKind kind;
  kind.quick_gelu = false;
  kind.norm_hidden = false;
  kind.default_layer = -2;
  kind.pad = 0;
  kind.key = "clip_g";
  return kind;
}

struct ClipText::Network {
  ClipKind kind;
  ClipNetwork network;

  /// What the chunk's conditioning is made of: the output of `layer`, or the network's own for 0.
  Tensor hidden(const std::vector<Tensor>& outputs, int layer) const {
    if (layer == 0) return network.final_norm(outputs.back());
    const Tensor& output = outputs[outputs.size() - size_t(-layer)];
    return kind.norm_hidden ? network.final_norm(output) : output;
  }

  /// The wanted layer as -1..-layers, or 0 for the network's own output.
  int layer_of(std::optional<int> wanted) const {
    const int counted = wanted.value_or(kind.default_layer);
    if (counted >= 0) {
      throw std::invalid_argument("CLIP text encoder: layer " + std::to_string(counted) +
                                  " does not exist; -1 is the last one, -2 the one before");
    }
    const int layer = counted + kind.layers_left_out;
    const bool means_last = layer < -int(network.layers());
    if (layer >= 0 || (means_last && kind.layers_left_out > 0)) {
      throw std::invalid_argument("CLIP text encoder: layer " + std::to_string(counted) +
                                  " is not in this file, which ends before it; choose " +
                                  std::to_string(-1 - kind.layers_left_out) + " to " +
                                  std::to_string(-int(network.layers()) - kind.layers_left_out));
    }
    return means_last ? 0 : layer;
  }
};

ClipText::ClipText(const Weights& weights, ClipKind kind, const Heartbeat& heartbeat) {
  const auto activation =
      kind.quick_gelu ? ClipNetwork::Activation::kQuickGelu : ClipNetwork::Activation::kGelu;
  network_.reset(new Network{std::move(kind), ClipNetwork(weights, activation, heartbeat)});
}

ClipText::~ClipText() = default;

const ClipKind& ClipText::kind() const { return network_->kind; }
size_t ClipText::bytes() const { return network_->network.bytes(); }
int ClipText::width() const { return int(network_->network.width()); }
int ClipText::layers() const { return int(network_->network.layers()); }

Tensor ClipText::all_layers(const Tensor& ids) const {
  std::vector<Tensor> chunks;
  for (const Tensor& chunk : ids.unbind(0)) {
    chunks.push_back(at::stack(network_->network.run(network_->network.embed(chunk), {})));
  }
  return at::stack(chunks);
}

EncodedText ClipText::encode(const TokenChunks& tokens, std::optional<int> layer,
                             const Heartbeat& heartbeat) const {
  if (tokens.chunks.empty()) {
    throw std::invalid_argument("CLIP text encoder: there is no chunk of tokens to encode");
  }
  const ClipNetwork& network = network_->network;
  const int wanted = network_->layer_of(layer);
  const auto run = [&](const Chunk& chunk) {
    return network.run(embed(network, chunk, tokens.embeddings), heartbeat);
  };

  EncodedText encoded;
  std::vector<Tensor> hidden;
  for (const Chunk& chunk : tokens.chunks) {
    const std::vector<Tensor> outputs = run(chunk);
    hidden.push_back(network_->hidden(outputs, wanted));
    if (!encoded.pooled.defined()) {
      const Tensor last = network.final_norm(outputs.back());
      encoded.pooled = network.project(last.narrow(0, end_of(chunk), 1).clone());
    }
  }
  encoded.hidden = at::stack(hidden);  // [n, 77, W]
  if (is_weighted(tokens)) {
    const Tensor empty = network_->hidden(run(empty_chunk(network_->kind.pad)), wanted);
    encoded.hidden = apply_token_weights(encoded.hidden, empty, weights_of(tokens.chunks));
  }
  encoded.hidden = encoded.hidden.reshape({1, -1, network.width()});
  return encoded;
}

Tensor apply_token_weights(const Tensor& z, const Tensor& empty, const Tensor& weights) {
  const Tensor w = weights.unsqueeze(-1);  // [B, 77, 1]
  return at::where(w != 1, (z - empty) * w.to(z.scalar_type()) + empty, z);
}

}  // namespace heddle::diffusion
