// Places inside of the U-Net where a patch may change what flows through it. A hook is data: a few
// functions, most of them unset, called with tensors that they must not write into. Without hooks
// the network runs as if there were none of this.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace heddle::diffusion {

/// Where in the network a hook is called, and in what call of it.
struct UNetPlace {
  enum class Stage { kInput, kMiddle, kOutput };
  Stage stage = Stage::kInput;
  int block = 0;                                // of the stage
  int layer = 0;                                // transformer block inside of it
  int64_t height = 0, width = 0;                // cells here, for hooks of attention...
  int64_t latent_height = 0, latent_width = 0;  // ...and of the network's input
  int64_t model_channels = 0;
  float sigma = 0;
  int64_t first_negative = 0;  // items of the batch that are the negative side of the whole
  int64_t negatives = 0;       //   latent; none where it runs apart or in parts
};

/// Tokens [b, n, C] in another arrangement, and how the attention over them becomes [B, N, C] again.
struct ArrangedTokens {
  at::Tensor tokens;
  std::function<at::Tensor(const at::Tensor&)> restore;  // unset: nothing to do
};

struct UNetHook {
  using Change = std::function<at::Tensor(const at::Tensor& h, const UNetPlace&)>;

  /// h [B, C, H, W] of an input block, before and after it is kept for the way up.
  Change before_skip = {}, after_skip = {};
  /// h and skip [B, *, H, W] before an output block joins them; both sizes must agree in the end.
  std::function<void(at::Tensor& h, at::Tensor& skip, const UNetPlace&)> join = {};
  /// Tokens before a self-attention.
  std::function<ArrangedTokens(const at::Tensor& tokens, const UNetPlace&)> tokens = {};
  /// What keys and values are made from, in self-attention and in attention to the context.
  std::function<void(at::Tensor& keys, at::Tensor& values)> sources = {};
  /// In place of a self-attention: q, k, v [b, n, C] to [b, n, C], or undefined to leave it alone.
  std::function<at::Tensor(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           int64_t heads, const UNetPlace&)>
      self_attention = {};
};
/// In the order in which they are called; restoring goes backwards. The last replacement of a
/// self-attention that is not left alone counts.
using UNetHooks = std::vector<UNetHook>;

/// What a call of the network tells its hooks, besides where they are.
struct UNetCall {
  UNetHooks hooks = {};
  float sigma = 0;
  int64_t first_negative = 0, negatives = 0;  // see UNetPlace
};

at::Tensor before_skip(const UNetHooks& hooks, at::Tensor h, const UNetPlace& place);
at::Tensor after_skip(const UNetHooks& hooks, at::Tensor h, const UNetPlace& place);
/// Throws std::runtime_error if h and skip are of different size in the end.
void join(const UNetHooks& hooks, at::Tensor& h, at::Tensor& skip, const UNetPlace& place);
ArrangedTokens arrange_tokens(const UNetHooks& hooks, const at::Tensor& tokens,
                              const UNetPlace& place);
void change_sources(const UNetHooks& hooks, at::Tensor& keys, at::Tensor& values);
/// Undefined if no hook replaces it.
at::Tensor replaced_attention(const UNetHooks& hooks, const at::Tensor& q, const at::Tensor& k,
                              const at::Tensor& v, int64_t heads, const UNetPlace& place);

}  // namespace heddle::diffusion
