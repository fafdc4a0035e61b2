#include "nodes/diffusion/a1111_encode.h"

#include <ATen/ATen.h>

#include <stdexcept>

namespace heddle::diffusion::a1111 {
namespace {

// The weights [B, T] of the tokens, which weigh 1 from then on.
Tensor take_weights(TokenChunks& tokens) {
  const auto length = int64_t(tokens.chunks.at(0).size());
  Tensor weights = at::empty({int64_t(tokens.chunks.size()), length}, at::kFloat);
  float* weight = weights.mutable_data_ptr<float>();
  for (std::vector<Token>& chunk : tokens.chunks) {
    for (Token& token : chunk) {
      *weight++ = float(token.weight);
      token.weight = 1;
    }
  }
  return weights;
}

Tensor weigh_chunk(const Tensor& z, const Tensor& weights) {
  if ((weights == 1).all().item<bool>()) return z;
  const Tensor weighted = z * weights.unsqueeze(-1);
  const Tensor scaled = weighted * (z.mean() / weighted.mean());
  if (at::isfinite(scaled).all().item<bool>()) return scaled;
  throw std::runtime_error(
      "the weights of the prompt take everything out of it, so that its mean cannot be restored; "
      "use weights nearer to 1");
}

}  // namespace

Tensor apply_weights(const Tensor& z, const Tensor& weights) {
  std::vector<Tensor> chunks;
  for (int64_t i = 0; i < z.size(0); ++i) chunks.push_back(weigh_chunk(z[i], weights[i]));
  return at::stack(chunks);
}

EncodedText encode(const ClipText& encoder, TokenChunks tokens, std::optional<int> layer,
                   const Heartbeat& heartbeat) {
  const Tensor weights = take_weights(tokens);
  EncodedText encoded = encoder.encode(tokens, layer, heartbeat);
  const Tensor chunks = encoded.hidden.reshape({weights.size(0), weights.size(1), -1});
  encoded.hidden = apply_weights(chunks, weights).reshape(encoded.hidden.sizes());
  return encoded;
}

}  // namespace heddle::diffusion::a1111
