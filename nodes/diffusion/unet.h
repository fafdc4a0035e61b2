// The U-Net of latent diffusion (Rombach et al. 2022, "High-Resolution Image Synthesis with Latent Diffusion Models"),
// for every checkpoint of the Stable Diffusion 1, 2 and XL families: the layout follows from the tensors.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nodes/diffusion/heartbeat.h"
#include "nodes/diffusion/weights.h"

namespace heddle::diffusion {

/// What the shapes of the tensors say about a U-Net. Names are those of single-file checkpoints, prefix removed.
struct UNetLayout {
  struct Block {
    bool downsamples = false;   // input block that halves the resolution
    int residual_blocks = 0;
    int transformer_depth = 0;  // 0: no attention in this block
  };
  int in_channels = 4, out_channels = 4, model_channels = 320;
  std::vector<int> multipliers;    // channels of a level / model_channels
  int residual_blocks = 2;         // of a level
  int context_width = 768;
  bool linear_projections = false; // proj_in and proj_out: linear (SD 2, XL) or 1x1 convolution (SD 1)
  int y_width = 0;                 // 0: no vector conditioning
};

/// Throws std::runtime_error that says which tensor is missing or odd.
UNetLayout detect_unet(const Weights& weights);

class UNet {
 public:
  /// Reads every weight once; they are released by the network's end.
  explicit UNet(const Weights& weights, const Heartbeat& heartbeat = {});
  ~UNet();

  const UNetLayout& layout() const;
  size_t bytes() const;

  /// x [B, C, H, W], timesteps [B], context [B, T, context_width], y [B, y_width] or undefined;
  /// all fp32. Gives [B, out_channels, H, W]. H and W may be odd.
  Tensor forward(const Tensor& x, const Tensor& timesteps, const Tensor& context, const Tensor& y,
                 const Heartbeat& heartbeat = {}) const;

 private:
  struct Network;
  std::unique_ptr<const Network> network_;
};

}  // namespace heddle::diffusion
