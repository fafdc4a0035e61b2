// Patches of what flows through the U-Net, as nodes.
#include <ATen/ATen.h>

#include <algorithm>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/diffusion/deep_shrink.h"
#include "nodes/diffusion/free_u.h"
#include "nodes/diffusion/hyper_tile.h"
#include "nodes/diffusion/model_hooks.h"
#include "nodes/diffusion/token_merging.h"
#include "nodes/families.h"
#include "nodes/values.h"

namespace heddle {
namespace {

constexpr int64_t kPixelsPerCell = 8;

Model with_unet_hook(const Model& model, diffusion::UNetHook hook) {
  return with_hooks(model, diffusion::constant_hooks({.unet = {std::move(hook)}}));
}

struct FreeU final : Node {
  static constexpr NodeInfo kInfo{.name = "FreeU",
                                  .category = "model_patches/unet",
                                  .help = "More detail and less haze at no cost: weighs a network's features against its "
                                          "skips (FreeU)."};
  In<Model> model{this, "model", "Model to patch."};
  In<double> b1{this, "b1", "Factor of the features in the widest blocks.", 1.1, between(0.0, 10.0), step(0.01)};
  In<double> b2{this, "b2", "Factor of the features in blocks half as wide.", 1.2, between(0.0, 10.0), step(0.01)};
  In<double> s1{this, "s1", "Factor of the coarse part of the skips in the widest blocks.", 0.9, between(0.0, 10.0),
                step(0.01)};
  In<double> s2{this, "s2", "The same in blocks half as wide.", 0.2, between(0.0, 10.0), step(0.01)};
  Out<Model> patched{this, "MODEL"};

  void run(RunContext&) override { patched = with_unet_hook(*model, diffusion::free_u({b1, s1}, {b2, s2})); }
};

struct FreeUV2 final : Node {
  static constexpr NodeInfo kInfo{.name = "FreeU_V2",
                                  .category = "model_patches/unet",
                                  .help = "FreeU, second version: features count for more where they stand out."};
  In<Model> model{this, "model", "Model to patch."};
  In<double> b1{this, "b1", "Largest factor of the features in the widest blocks.", 1.3, between(0.0, 10.0), step(0.01)};
  In<double> b2{this, "b2", "Largest factor of the features in blocks half as wide.", 1.4, between(0.0, 10.0),
                step(0.01)};
  In<double> s1{this, "s1", "Factor of the coarse part of the skips in the widest blocks.", 0.9, between(0.0, 10.0),
                step(0.01)};
  In<double> s2{this, "s2", "The same in blocks half as wide.", 0.2, between(0.0, 10.0), step(0.01)};
  Out<Model> patched{this, "MODEL"};

  void run(RunContext&) override { patched = with_unet_hook(*model, diffusion::free_u_v2({b1, s1}, {b2, s2})); }
};

struct HyperTile final : Node {
  static constexpr NodeInfo kInfo{.name = "HyperTile",
                                  .category = "model_patches/unet",
                                  .help = "Large pictures in less time: attention within tiles, cut anew at every step. "
                                          "Which tiles depends on step and place alone, so pictures can be made again."};
  In<Model> model{this, "model", "Model to patch."};
  In<int64_t> tile_size{this, "tile_size", "Least side of a tile in pixels.", 256, between(1, 2048)};
  In<int64_t> swap_size{this, "swap_size", "How many ways to cut a side are drawn from.", 2, between(1, 128)};
  In<int64_t> max_depth{this, "max_depth", "Halvings of the latent down to which there are tiles.", 0, between(0, 10)};
  In<bool> scale_depth{this, "scale_depth", "Whether the least side doubles with each halving.", false};
  Out<Model> patched{this, "MODEL"};

  void run(RunContext&) override {
    const diffusion::HyperTile settings{.tile_cells = std::max<int64_t>(32, tile_size) / kPixelsPerCell,
                                        .swap_size = swap_size,
                                        .max_depth = max_depth,
                                        .scale_depth = scale_depth};
    patched = with_unet_hook(*model, diffusion::hyper_tile(settings));
  }
};

struct PatchModelAddDownscale final : Node {
  static constexpr NodeInfo kInfo{.name = "PatchModelAddDownscale",
                                  .category = "model_patches/unet",
                                  .help = "Large pictures without repeated subjects: makes the inside of the network "
                                          "smaller for the first part of the steps.",
                                  .display_name = "PatchModelAddDownscale (Kohya Deep Shrink)"};
  In<Model> model{this, "model", "Model to patch."};
  In<int64_t> block_number{this, "block_number", "Input block whose result is made smaller.", 3, between(1, 32), step(1)};
  In<double> downscale_factor{this, "downscale_factor", "How much smaller; below 1 larger.", 2.0, between(0.1, 9.0),
                              step(0.001)};
  In<double> start_percent{this, "start_percent", "Share of the schedule before which nothing happens.", 0.0,
                           between(0.0, 1.0), step(0.001)};
  In<double> end_percent{this, "end_percent", "Share of the schedule after which nothing happens.", 0.35,
                         between(0.0, 1.0), step(0.001)};
  In<bool> downscale_after_skip{this, "downscale_after_skip", "Whether the block's skip keeps its size.", true};
  In<Choice> downscale_method{this, "downscale_method", "How it is made smaller.",
                              one_of({"bicubic", "nearest-exact", "bilinear", "area", "bislerp"})};
  In<Choice> upscale_method{this, "upscale_method", "How it is made as large again as the skips.",
                            one_of({"bicubic", "nearest-exact", "bilinear", "area", "bislerp"})};
  Out<Model> patched{this, "MODEL"};

  void run(RunContext&) override {
    const diffusion::DeepShrink settings{.block = block_number,
                                         .factor = downscale_factor,
                                         .first_sigma = model->sampling.percent_to_sigma(start_percent),
                                         .last_sigma = model->sampling.percent_to_sigma(end_percent),
                                         .after_skip = downscale_after_skip,
                                         .down = downscale_method->value,
                                         .up = upscale_method->value};
    patched = with_unet_hook(*model, diffusion::deep_shrink(settings));
  }
};

struct TomePatchModel final : Node {
  static constexpr NodeInfo kInfo{.name = "TomePatchModel",
                                  .category = "model_patches/unet",
                                  .help = "Less time for some detail: tokens that are alike share one attention (ToMe)."};
  In<Model> model{this, "model", "Model to patch."};
  In<double> ratio{this, "ratio", "Share of the tokens that are merged away.", 0.3, between(0.0, 1.0), step(0.01)};
  Out<Model> patched{this, "MODEL"};

  void run(RunContext&) override {
    patched = with_unet_hook(*model, diffusion::token_merging({.ratio = ratio}));
  }
};

}  // namespace

void register_unet_patch_nodes(Registry& registry) {
  registry.add<FreeU>();
  registry.add<FreeUV2>();
  registry.add<HyperTile>();
  registry.add<PatchModelAddDownscale>();
  registry.add<TomePatchModel>();
}

}  // namespace heddle
