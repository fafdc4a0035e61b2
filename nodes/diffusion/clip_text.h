// CLIP's text transformer (Radford et al. 2021; OpenCLIP's H and G are the same network, wider and
// deeper). Weights use Hugging Face names without prefix
// (`text_model.encoder.layers.0.mlp.fc1.weight`).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "nodes/diffusion/heartbeat.h"
#include "nodes/diffusion/prompt.h"
#include "nodes/diffusion/tokenizer.h"
#include "nodes/diffusion/weights.h"

namespace heddle::diffusion {

/// What distinguishes the encoders beside their size.
struct ClipKind {
  bool quick_gelu = true;   // x * sigmoid(1.702 x) instead of the exact GELU
  bool norm_hidden = true;  // final LayerNorm on the output of an inner layer too
  int default_layer = -1;   // -1: the last layer, -2: the one before
  int pad = kEndToken;
  int layers_left_out = 0;  // last layers that the weights do without; counted by default_layer
  std::string key = "clip_l";  // its name in files that serve several encoders
};
/// clip_l: SD 1 as it is; SDXL's two encoders have norm_hidden = false and default_layer = -2.
ClipKind clip_l();
ClipKind clip_h();
ClipKind clip_g();

/// hidden [1, 77 n, width] of n chunks, weights of the prompt applied; pooled [1, width or
/// projection] of the first chunk, unweighted, projected where the encoder has a text_projection.
struct EncodedText {
  Tensor hidden;
  Tensor pooled;
};

/// Owns its weights, is immutable once built and safe to use from several threads. The same tokens
/// give the same bytes whatever the number of threads and whatever else is in the prompt.
class ClipText {
 public:
  /// Reads each tensor once; sizes follow from them. Throws std::runtime_error that names a tensor
  /// which is missing or has another shape than the rest asks for. `heartbeat` is called before
  /// each layer, here and in encode().
  ClipText(const Weights& weights, ClipKind kind, const Heartbeat& heartbeat = {});
  ~ClipText();

  const ClipKind& kind() const;
  size_t bytes() const;
  int width() const;
  int layers() const;

  /// The outputs of all layers before the final norm, [B, layers, 77, width], for ids [B, 77]
  /// (int64).
  Tensor all_layers(const Tensor& ids) const;

  /// ComfyUI's CLIPTextEncode. `layer`: -1 last, -2 the one before...; nothing: the kind's default.
  /// |layer| beyond the number of layers means what the whole network gives: the last layer and
  /// the final norm, whatever `norm_hidden` is. Throws std::invalid_argument for tokens that this
  /// encoder does not know, for embeddings of another width and for a layer that is not negative or
  /// that the weights leave out.
  EncodedText encode(const TokenChunks& tokens, std::optional<int> layer,
                     const Heartbeat& heartbeat = {}) const;

 private:
  struct Network;
  std::unique_ptr<const Network> network_;
};

/// The states z [B, T, W] with the weights [B, T] of their tokens: (z - empty) * w + empty where
/// w != 1, and z as it is elsewhere. `empty` [T, W] are the states of an empty prompt.
Tensor apply_token_weights(const Tensor& z, const Tensor& empty, const Tensor& weights);

}  // namespace heddle::diffusion
