// The layers of CLIP's text transformer and their arithmetic, for one chunk of 77 tokens at a time:
// chunks do not see each other, so a chunk alone gives the same bytes as one among many, and memory
// does not grow with the prompt.
#pragma once

#include <cstddef>
#include <vector>

#include "nodes/diffusion/heartbeat.h"
#include "nodes/diffusion/weights.h"

namespace heddle::diffusion {

/// Immutable once built; safe to use from several threads.
class ClipNetwork {
 public:
  enum class Activation { kQuickGelu, kGelu };

  static constexpr int64_t kTokens = 77;     // positions of a chunk
  static constexpr int64_t kHeadWidth = 64;  // of every CLIP

  /// Sizes follow from the tensors. Throws std::runtime_error that names a tensor which is missing
  /// or has another shape than the first ones ask for. `heartbeat` is called before each layer.
  ClipNetwork(const Weights& weights, Activation activation, const Heartbeat& heartbeat);

  size_t bytes() const;
  int64_t width() const { return token_embedding_.size(1); }
  int64_t vocabulary() const { return token_embedding_.size(0); }
  size_t layers() const { return layers_.size(); }

  /// ids [77] (int64, below the vocabulary) to token vectors [77, width], positions not yet added.
  Tensor embed(const Tensor& ids) const;

  /// Token vectors to the output of every layer, each [77, width], before the final norm.
  std::vector<Tensor> run(const Tensor& embedded, const Heartbeat& heartbeat) const;

  Tensor final_norm(const Tensor& hidden) const;

  /// One state [1, width] by `text_projection`, where the encoder has one; otherwise as it is.
  Tensor project(const Tensor& state) const;

 private:
  struct Linear {
    Tensor weight;  // [out, in]
    Tensor bias;    // [out], or undefined
  };
  struct LayerNorm {
    Tensor weight, bias;
  };
  struct Layer {
    LayerNorm norm1, norm2;
    Linear q, k, v, out, fc1, fc2;
  };
  class Reader;

  static Tensor linear(const Tensor& x, const Linear& layer);
  static Tensor layer_norm(const Tensor& x, const LayerNorm& layer);
  static Tensor attention(const Tensor& x, const Layer& layer);
  Tensor forward(const Tensor& x, const Layer& layer) const;

  Activation activation_;
  size_t bytes_ = 0;
  Tensor token_embedding_;     // [vocabulary, width]
  Tensor position_embedding_;  // [77, width]
  std::vector<Layer> layers_;
  LayerNorm final_norm_;
  Linear projection_;  // undefined where there is none
};

}  // namespace heddle::diffusion
