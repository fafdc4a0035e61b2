// The U-Net of latent diffusion (Rombach et al. 2022, "High-Resolution Image Synthesis with Latent
// Diffusion Models"), for every checkpoint of the Stable Diffusion 1, 2 and XL families: the layout
// follows from the tensors.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nodes/diffusion/heartbeat.h"
#include "nodes/diffusion/unet_hooks.h"
#include "nodes/diffusion/weights.h"

namespace heddle::diffusion {

/// What the shapes of the tensors say about a U-Net. Names are those of single-file checkpoints,
/// prefix removed: part K of input block N is `input_blocks.N.K`.
struct UNetLayout {
  enum class Kind { kConvolution, kResidual, kTransformer, kDownsample, kUpsample };
  struct Part {
    Kind kind;
    int in_channels, out_channels;
    int depth = 0;  // of a transformer: its number of blocks...
    int heads = 0;  // ...and of heads
  };
  using Block = std::vector<Part>;  // run in order

  int in_channels = 0, out_channels = 0, model_channels = 0;
  int time_width = 0;                // of the embedded timestep inside the network
  int context_width = 0;             // 0: no attention anywhere
  int y_width = 0;                   // 0: no vector conditioning
  bool linear_projections = false;   // proj_in and proj_out; 1x1 convolutions in SD 1
  std::vector<int> multipliers;      // of a level: its channels / model_channels
  std::vector<int> residual_blocks;  // of a level, on the way down
  std::vector<Block> input_blocks;
  Block middle_block;                // empty in some reduced networks
  std::vector<Block> output_blocks;  // output block k takes the skip of input block n - 1 - k
};

/// Throws std::runtime_error that says which tensor is missing or odd.
UNetLayout detect_unet(const Weights& weights);

class UNet {
 public:
  /// Sees what each named part of the network gives: `time_embed`, `label_emb`, `input_blocks.N`,
  /// `middle_block`, `output_blocks.N`. For tests and for finding out where two programs part.
  using Tap = std::function<void(const std::string& name, const Tensor& value)>;

  /// Reads every weight once; they are released by the network's end. Throws as detect_unet, and
  /// for a tensor of a block that has no place in this kind of network.
  explicit UNet(const Weights& weights, const Heartbeat& heartbeat = {});
  ~UNet();

  const UNetLayout& layout() const;
  size_t bytes() const;

  /// x [B, C, H, W], timesteps [B], context [B, T, context_width], y [B, y_width] or undefined;
  /// all fp32. Gives [B, out_channels, H, W]. H and W may be odd. Safe to call from several
  /// threads. Throws std::runtime_error that names the argument if one does not fit.
  Tensor forward(const Tensor& x, const Tensor& timesteps, const Tensor& context, const Tensor& y,
                 const Heartbeat& heartbeat = {}, const Tap& tap = {},
                 const UNetCall& call = {}) const;

 private:
  struct Network;
  std::unique_ptr<const Network> network_;
};

}  // namespace heddle::diffusion
