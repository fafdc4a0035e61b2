// The parts that a U-Net's blocks are made of. Each is its weights; `run` carries it out.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "nodes/diffusion/heartbeat.h"
#include "nodes/diffusion/layer_reader.h"
#include "nodes/diffusion/ops.h"
#include "nodes/diffusion/unet.h"
#include "nodes/diffusion/unet_hooks.h"

namespace heddle::diffusion {

/// He et al. 2016, with the timestep added between the convolutions.
struct ResidualBlock {
  GroupNorm norm1;
  Conv2d conv1;
  Linear time;
  GroupNorm norm2;
  Conv2d conv2;
  std::optional<Conv2d> skip;  // where the number of channels changes
};

struct Attention {
  Linear q, k, v, out;
  int64_t heads;
};

/// Vaswani et al. 2017, norms first: self-attention, attention to the context, a gated feed-forward
/// layer.
struct TransformerBlock {
  LayerNorm norm1, norm2, norm3;
  Attention self, cross;
  Linear gated, out;
};

/// Transformer blocks over the cells of an image.
struct SpatialTransformer {
  GroupNorm norm;
  Linear proj_in;
  std::vector<TransformerBlock> blocks;
  Linear proj_out;
};

struct Upsample {
  Conv2d conv;
};

using UNetPart = std::variant<Conv2d, ResidualBlock, SpatialTransformer, Upsample>;
using UNetBlock = std::vector<UNetPart>;

/// What parts see besides the image, in one pass through the network.
struct UNetPass {
  Tensor time;                    // [B, time_width], after SiLU
  Tensor context;                 // [B, T, context_width]
  int64_t height = 0, width = 0;  // where an Upsample goes
  const Heartbeat& heartbeat;
  const UNetHooks& hooks;
  UNetPlace place;                // for the hooks

  void enter(UNetPlace::Stage stage, size_t block) {
    place.stage = stage;
    place.block = int(block);
  }
};

UNetBlock read_block(LayerReader& reader, const std::string& name, const UNetLayout::Block& parts,
                     const UNetLayout& layout);

/// x [B, C, H, W]; calls the heartbeat before every part and every transformer block.
Tensor run(const UNetBlock& block, Tensor x, const UNetPass& pass);

}  // namespace heddle::diffusion
