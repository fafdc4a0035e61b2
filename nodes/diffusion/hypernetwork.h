// Hypernetworks (AUTOMATIC1111's web UI, modules/hypernetworks): small networks beside the
// attention of a U-Net, which change what keys and values are made of.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "nodes/diffusion/ops.h"

namespace heddle::diffusion {

using Activation = Tensor (*)(const Tensor&);

/// By the name that files have ("relu", "leakyrelu", "swish"...), torch's defaults for parameters;
/// null for a name that is not known.
Activation find_activation(std::string_view name);
/// All known names, for messages.
std::vector<std::string_view> activation_names();

struct HypernetworkLayer {
  Linear linear;                    // bias always present
  Activation activation = nullptr;  // null: none
  std::optional<LayerNorm> norm;    // behind the activation
};
/// From width to width; never empty.
using HypernetworkModule = std::vector<HypernetworkLayer>;

struct Hypernetwork {
  /// By the width of what attention looks at: the modules for keys and for values.
  std::map<int64_t, std::pair<HypernetworkModule, HypernetworkModule>> modules;
};

/// What the keys and the values of an attention are made of.
struct AttentionContext {
  Tensor k, v;  // [B, S, width] fp32; the same tensor where nothing has changed either
};
/// Each with its module's output times `strength` added, if there are modules for its width; else
/// as it was. To be called with the inputs of `to_k` and `to_v` (not their outputs) of every
/// attention, of the image to itself (attn1) and to the text (attn2).
AttentionContext apply_hypernetwork(const Hypernetwork& network, const AttentionContext& context,
                                    double strength);

}  // namespace heddle::diffusion
