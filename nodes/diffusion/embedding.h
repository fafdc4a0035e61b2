// Which tensor of a textual-inversion file stands for its tokens. Trainers never agreed on a
// layout, so there are rules.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "nodes/diffusion/prompt.h"

namespace heddle::diffusion {

/// The tensors of one file in the order of the file. Nested dictionaries are joined by dots
/// (`string_to_param.*`), the items of a file that is a list start with their index in brackets
/// (`[0].emb`).
using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

/// The encoder that asks: `key` is its name in files for several encoders ("clip_l", "clip_g",
/// "clip_h").
struct EmbeddingUse {
  std::string key;
  int64_t width = 0;
};

/// The embedding `name` out of its file, as ComfyUI chooses: `string_to_param`; of a list all
/// tensors of the right width; the tensor named as the encoder; a bundle (`bundle_emb.*`); the
/// first tensor. Rows of another width come back with `fits` false. Throws std::runtime_error that
/// names the embedding and the tensor if nothing can be rows, or if they are not finite.
Embedding pick_embedding(const NamedTensors& tensors, const std::string& name,
                         const EmbeddingUse& use);

}  // namespace heddle::diffusion
