// Text to conditioning by all the encoders of a CLIP.
#pragma once

#include <string>
#include <vector>

#include "engine/run_context.h"
#include "nodes/values.h"

namespace heddle {

/// The encoder of that kind, or std::runtime_error that says what this CLIP has instead.
const TextEncoder& encoder_of(const Clip& clip, weights::PartKind kind);

/// The tokens of `text` for one encoder.
diffusion::TokenChunks tokenize(const TextEncoder& encoder, const std::string& text, const RunContext& context);

/// Tokens for each encoder, in their order, to what a U-Net listens to: the outputs side by side, cut to the shortest,
/// and the pooled output of the last encoder. Warns of embeddings that are not there or do not fit. Throws std::runtime_error with the reason if the CLIP is a stand-in.
diffusion::ConditioningEntry encode_tokens(const Clip& clip, const std::vector<diffusion::TokenChunks>& tokens,
                                           const RunContext& context);

/// The same text for every encoder.
diffusion::ConditioningEntry encode_text(const Clip& clip, const std::string& text, const RunContext& context);

}  // namespace heddle
