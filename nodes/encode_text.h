// Text to conditioning by all the encoders of a CLIP.
#pragma once

#include <string>
#include <vector>

#include "engine/run_context.h"
#include "nodes/values.h"

namespace heddle {

/// Throws std::runtime_error with the reason if the CLIP is a stand-in.
void require_encoders(const Clip& clip);

/// The encoder of that kind, or std::runtime_error that says what this CLIP has instead.
const TextEncoder& encoder_of(const Clip& clip, weights::PartKind kind);

/// The tokens of `text` for one encoder.
diffusion::TokenChunks tokenize(const TextEncoder& encoder, const std::string& text, const RunContext& context);

/// What a U-Net listens to, out of what each encoder gives: the outputs side by side, cut to the shortest, and the pooled
/// output of the last encoder. REQUIRES: there is one.
diffusion::ConditioningEntry join_encoders(const std::vector<diffusion::EncodedText>& encoded);

/// Tokens for each encoder, in their order. Warns of embeddings that are not there or do not fit. Throws as
/// require_encoders.
diffusion::ConditioningEntry encode_tokens(const Clip& clip, const std::vector<diffusion::TokenChunks>& tokens,
                                           const RunContext& context);

/// The same text for every encoder.
diffusion::ConditioningEntry encode_text(const Clip& clip, const std::string& text, const RunContext& context);

}  // namespace heddle
