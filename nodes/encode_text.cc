#include "nodes/encode_text.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "nodes/embeddings.h"
#include "nodes/heartbeat.h"

namespace heddle {
namespace {

std::string encoder_name(const TextEncoder& encoder) { return weights::part_name(encoder.weights.part.kind); }

void warn_of_embeddings(const Clip& clip, const std::vector<diffusion::TokenChunks>& tokens, const RunContext& context) {
  std::set<std::string> missing;  // for one encoder as for the other
  for (size_t i = 0; i < clip.encoders.size(); ++i) {
    missing.insert(tokens.at(i).missing.begin(), tokens.at(i).missing.end());
    for (const std::string& name : tokens[i].misfits) {
      context.warn("the embedding \"" + name + "\" is for another text encoder than the " + encoder_name(clip.encoders[i]) +
                   ", where the prompt goes on without it");
    }
  }
  for (const std::string& name : missing) {
    context.warn("there is no embedding \"" + name + "\"; the prompt goes on without it");
  }
}

}  // namespace

void require_encoders(const Clip& clip) {
  if (clip.encoders.empty()) throw std::runtime_error(clip.missing);
}

const TextEncoder& encoder_of(const Clip& clip, weights::PartKind kind) {
  require_encoders(clip);
  std::string present;
  for (const TextEncoder& encoder : clip.encoders) {
    if (encoder.weights.part.kind == kind) return encoder;
    present += (present.empty() ? "" : " and ") + encoder_name(encoder);
  }
  throw std::runtime_error("this CLIP has no " + std::string(weights::part_name(kind)) + ", only a " + present +
                           ": use the CLIP of an SDXL checkpoint, or CLIPTextEncode");
}

diffusion::TokenChunks tokenize(const TextEncoder& encoder, const std::string& text, const RunContext& context) {
  const auto network = encoder.network->get(heartbeat_of(context));
  return diffusion::tokenize_prompt(text, network->kind().pad, embedding_finder(*context.folders, *network));
}

diffusion::ConditioningEntry join_encoders(const std::vector<diffusion::EncodedText>& encoded) {
  const auto shorter = [](const auto& a, const auto& b) { return a.hidden.size(1) < b.hidden.size(1); };
  const int64_t tokens = std::min_element(encoded.begin(), encoded.end(), shorter)->hidden.size(1);
  std::vector<at::Tensor> hidden;
  for (const diffusion::EncodedText& one : encoded) hidden.push_back(one.hidden.narrow(1, 0, tokens));
  diffusion::ConditioningEntry entry;
  entry.cross_attention = hidden.size() == 1 ? hidden[0] : at::cat(hidden, -1);
  entry.pooled = encoded.back().pooled;
  return entry;
}

diffusion::ConditioningEntry encode_tokens(const Clip& clip, const std::vector<diffusion::TokenChunks>& tokens,
                                           const RunContext& context) {
  require_encoders(clip);
  warn_of_embeddings(clip, tokens, context);
  const diffusion::Heartbeat heartbeat = heartbeat_of(context);
  std::vector<diffusion::EncodedText> encoded;
  for (size_t i = 0; i < clip.encoders.size(); ++i) {
    const auto network = clip.encoders[i].network->get(heartbeat);
    encoded.push_back(network->encode(tokens.at(i), clip.layer, heartbeat));
  }
  return join_encoders(encoded);
}

diffusion::ConditioningEntry encode_text(const Clip& clip, const std::string& text, const RunContext& context) {
  std::vector<diffusion::TokenChunks> tokens;
  for (const TextEncoder& encoder : clip.encoders) tokens.push_back(tokenize(encoder, text, context));
  return encode_tokens(clip, tokens, context);
}

}  // namespace heddle
