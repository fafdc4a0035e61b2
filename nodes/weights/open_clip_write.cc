#include "nodes/weights/open_clip_write.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string_view>

#include "nodes/weights/file_error.h"

namespace heddle::weights {
namespace {

struct Renaming {
  std::string_view ours, theirs;
};
constexpr Renaming kOutside[] = {
    {"text_model.embeddings.token_embedding.weight", "token_embedding.weight"},
    {"text_model.embeddings.position_embedding.weight", "positional_embedding"},
    {"text_model.final_layer_norm.weight", "ln_final.weight"},
    {"text_model.final_layer_norm.bias", "ln_final.bias"},
    {"text_projection.weight", "text_projection"},
};
constexpr Renaming kInLayer[] = {
    {".layer_norm1.", ".ln_1."},
    {".layer_norm2.", ".ln_2."},
    {".mlp.fc1.", ".mlp.c_fc."},
    {".mlp.fc2.", ".mlp.c_proj."},
    {".self_attn.out_proj.", ".attn.out_proj."},
};
constexpr std::string_view kTextLayers = "text_model.encoder.layers.";
constexpr std::string_view kQuery = ".self_attn.q_proj.", kKey = ".self_attn.k_proj.",
                           kValue = ".self_attn.v_proj.";

std::string in_layers(std::string_view rest) {
  return "transformer.resblocks." + std::string(rest);
}

std::string open_clip_name(const std::string& name) {
  for (const Renaming& row : kOutside) {
    if (name == row.ours) return std::string(row.theirs);
  }
  for (const Renaming& row : kInLayer) {
    const size_t at = name.find(row.ours);
    if (!name.starts_with(kTextLayers) || at == std::string::npos) continue;
    const std::string renamed = std::string(name).replace(at, row.ours.size(), row.theirs);
    return in_layers(std::string_view(renamed).substr(kTextLayers.size()));
  }
  throw FileError("OpenCLIP has no name for " + in_quotes(name) +
                  ": the text encoder cannot be saved in a checkpoint of this family");
}

bool is_one_of_three(const std::string& name) {
  return name.find(kQuery) != std::string::npos || name.find(kKey) != std::string::npos ||
         name.find(kValue) != std::string::npos;
}

TensorToWrite turned(const TensorToWrite& tensor) {
  TensorToWrite result = tensor;
  std::reverse(result.shape.begin(), result.shape.end());
  result.read = [read = tensor.read] { return read().t(); };
  return result;
}

// Query, key and value of the layer and kind ("weight", "bias") that `query` names.
TensorToWrite joined(const TensorsToWrite& tensors, const std::string& query, size_t at) {
  std::vector<std::function<at::Tensor()>> reads;
  for (const std::string_view part : {kQuery, kKey, kValue}) {
    const std::string name = std::string(query).replace(at, kQuery.size(), part);
    const auto found = tensors.find(name);
    if (found == tensors.end()) throw FileError("the text encoder lacks " + in_quotes(name));
    reads.push_back(found->second.read);
  }
  TensorToWrite result = tensors.at(query);
  result.shape[0] *= 3;
  result.read = [reads] { return at::cat({reads[0](), reads[1](), reads[2]()}); };
  return result;
}

}  // namespace

TensorsToWrite in_open_clip_names(const TensorsToWrite& text_encoder) {
  TensorsToWrite renamed;
  for (const auto& [name, tensor] : text_encoder) {
    if (const size_t at = name.find(kQuery); at != std::string::npos) {
      const std::string_view layer = std::string_view(name).substr(0, at).substr(kTextLayers.size());
      const std::string_view kind = std::string_view(name).substr(at + kQuery.size());
      renamed.emplace(in_layers(layer) + ".attn.in_proj_" + std::string(kind),
                      joined(text_encoder, name, at));
    } else if (!is_one_of_three(name)) {
      const bool is_projection = name == "text_projection.weight";
      renamed.emplace(open_clip_name(name), is_projection ? turned(tensor) : tensor);
    }
  }
  return renamed;
}

}  // namespace heddle::weights
