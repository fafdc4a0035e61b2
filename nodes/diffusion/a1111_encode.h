// AUTOMATIC1111's way to apply the weights of tokens: the states are multiplied by them, then each
// chunk is scaled so that its mean is what it was.
#pragma once

#include <optional>

#include "nodes/diffusion/clip_text.h"

namespace heddle::diffusion::a1111 {

/// Like ClipText::encode, which gives the same where all weights are 1. Throws std::runtime_error
/// if the weights leave a chunk without a mean.
EncodedText encode(const ClipText& encoder, TokenChunks tokens, std::optional<int> layer,
                   const Heartbeat& heartbeat);

/// The states z [B, T, W] times the weights [B, T], each of the B chunks scaled to its own mean
/// before. Chunks whose weights are all 1 stay as they are.
Tensor apply_weights(const Tensor& z, const Tensor& weights);

}  // namespace heddle::diffusion::a1111
