#include <string_view>

#include "nodes/weights/namings.h"
#include "nodes/weights/renames.h"

namespace heddle::weights {
namespace {

constexpr std::string_view kTextModel = "text_model.";
constexpr std::string_view kLayers = "text_model.encoder.layers.";
constexpr std::string_view kBlocks = "transformer.resblocks.";
constexpr std::string_view kProjection = "text_projection.weight";
constexpr std::string_view kTurnedProjection = "text_projection";
constexpr std::string_view kJoined = "attn.in_proj_";  // of query, key and value

constexpr Renamed kOutsideLayers[] = {
    {"text_model.embeddings.token_embedding.weight", "token_embedding.weight"},
    {"text_model.embeddings.position_embedding.weight", "positional_embedding"},
    {"text_model.final_layer_norm.", "ln_final."},
};
constexpr Renamed kInLayer[] = {
    {"layer_norm1.", "ln_1."},   {"layer_norm2.", "ln_2."},
    {"mlp.fc1.", "mlp.c_fc."},   {"mlp.fc2.", "mlp.c_proj."},
    {"self_attn.out_proj.", "attn.out_proj."},
};
constexpr Renamed kOfJoined[] = {
    {"self_attn.q_proj.", kJoined},
    {"self_attn.k_proj.", kJoined},
    {"self_attn.v_proj.", kJoined},
};

void add_layer_tensor(Sources& sources, const std::string& key, int layer, std::string_view rest) {
  const std::string module = std::string(kLayers) + std::to_string(layer) + ".";
  if (!rest.starts_with(kJoined)) {
    if (const auto name = rename(rest, kInLayer, To::kNetwork)) {
      sources.emplace(module + *name, Source{key});
    }
    return;
  }
  const std::string of(rest.substr(kJoined.size()));  // "weight", "bias"
  for (int third = 0; third < 3; ++third) {
    sources.emplace(module + std::string(kOfJoined[third].network) + of, Source{key, third});
  }
}

std::string open_clip_name(const std::string& network_name) {
  if (network_name == kProjection) return std::string(kTurnedProjection);
  if (const auto outside = rename(network_name, kOutsideLayers, To::kFile)) return *outside;
  std::string_view rest = network_name;
  const auto layer = take_number(rest, kLayers);
  if (!layer) return network_name;
  const std::string block = std::string(kBlocks) + std::to_string(*layer) + ".";
  if (const auto name = rename(rest, kInLayer, To::kFile)) return block + *name;
  return block + rename(rest, kOfJoined, To::kFile).value_or(std::string(rest));
}

std::string without_text_model(const std::string& network_name) {
  const bool inside = network_name.starts_with(kTextModel);
  return inside ? network_name.substr(kTextModel.size()) : network_name;
}

}  // namespace

Naming bare_text_names(const NamesAndShapes& file) {
  Naming naming{{}, without_text_model};
  for (const auto& [key, shape] : file) {
    const bool outside = key.starts_with(kTurnedProjection);
    naming.sources.emplace(outside ? key : std::string(kTextModel) + key, Source{key});
  }
  return naming;
}

Naming open_clip_names(const NamesAndShapes& file) {
  Naming naming{{}, open_clip_name};
  for (const auto& [key, shape] : file) {
    std::string_view rest = key;
    if (const auto layer = take_number(rest, kBlocks)) {
      add_layer_tensor(naming.sources, key, *layer, rest);
    } else if (key == kTurnedProjection) {
      naming.sources.emplace(kProjection, Source{.key = key, .transposed = true});
    } else if (key == kProjection) {
      naming.sources.emplace(kProjection, Source{key});
    } else if (const auto name = rename(key, kOutsideLayers, To::kNetwork)) {
      naming.sources.emplace(*name, Source{key});
    }
  }
  return naming;
}

}  // namespace heddle::weights
