// Patches of guidance, as nodes: other ways to join the guesses of the two sides, and changes of the guesses before.
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/diffusion/guidance_after.h"
#include "nodes/diffusion/guidance_before.h"
#include "nodes/diffusion/guidance_combine.h"
#include "nodes/families.h"
#include "nodes/latent_operation.h"
#include "nodes/values.h"

namespace heddle {
namespace {

using diffusion::constant_hooks;

struct RescaleCFG final : Node {
  static constexpr NodeInfo kInfo{.name = "RescaleCFG",
                                  .category = "advanced/model",
                                  .help = "Guidance without the contrast that it adds; for models that predict v, "
                                          "and against washed-out or burnt pictures."};
  In<Model> model{this, "model", "Model to patch."};
  In<double> multiplier{this, "multiplier", "Share of the correction; 0 is plain guidance.", 0.7, between(0.0, 1.0),
                        step(0.01)};
  Out<Model> patched{this, "MODEL"};

  void run(RunContext&) override { patched = with_hooks(*model, constant_hooks(diffusion::rescale_cfg(multiplier))); }
};

struct RenormCFG final : Node {
  static constexpr NodeInfo kInfo{.name = "RenormCFG",
                                  .category = "advanced/model",
                                  .help = "Guidance that makes no guess longer than the positive one is."};
  In<Model> model{this, "model", "Model to patch."};
  In<double> cfg_trunc{this, "cfg_trunc", "Noise level from which on there is no guidance.", 100.0, between(0.0, 100.0),
                       step(0.01)};
  In<double> renorm_cfg{this, "renorm_cfg", "Longest guess, in lengths of the positive one; 0 for no limit.", 1.0,
                        between(0.0, 100.0), step(0.01)};
  Out<Model> patched{this, "MODEL"};

  void run(RunContext&) override {
    patched = with_hooks(*model, constant_hooks(diffusion::renorm_cfg(cfg_trunc, renorm_cfg)));
  }
};

struct VideoLinearCFGGuidance final : Node {
  static constexpr NodeInfo kInfo{.name = "VideoLinearCFGGuidance",
                                  .category = "sampling/video_models",
                                  .help = "Guidance that rises evenly over the pictures of a batch, up to the cfg."};
  In<Model> model{this, "model", "Model to patch."};
  In<double> min_cfg{this, "min_cfg", "Guidance of the first picture.", 1.0, between(0.0, 100.0), step(0.5)};
  Out<Model> patched{this, "MODEL"};

  void run(RunContext&) override { patched = with_hooks(*model, constant_hooks(diffusion::linear_cfg(min_cfg))); }
};

struct VideoTriangleCFGGuidance final : Node {
  static constexpr NodeInfo kInfo{.name = "VideoTriangleCFGGuidance",
                                  .category = "sampling/video_models",
                                  .help = "Guidance that rises to the cfg in the middle of a batch and falls again."};
  In<Model> model{this, "model", "Model to patch."};
  In<double> min_cfg{this, "min_cfg", "Guidance of the first and the last picture.", 1.0, between(0.0, 100.0), step(0.5)};
  Out<Model> patched{this, "MODEL"};

  void run(RunContext&) override { patched = with_hooks(*model, constant_hooks(diffusion::triangle_cfg(min_cfg))); }
};

struct PerpNeg final : Node {
  static constexpr NodeInfo kInfo{.name = "PerpNeg",
                                  .category = "_for_testing",
                                  .help = "The negative prompt takes nothing away that the positive one asks for. "
                                          "Outdated: PerpNegGuider does the same in less time.",
                                  .display_name = "Perp-Neg (DEPRECATED by PerpNegGuider)"};
  In<Model> model{this, "model", "Model to patch."};
  In<diffusion::Conditioning> empty_conditioning{this, "empty_conditioning", "An empty prompt, encoded."};
  In<double> neg_scale{this, "neg_scale", "How strongly the negative prompt counts.", 1.0, between(0.0, 100.0), step(0.01)};
  Out<Model> patched{this, "MODEL"};

  void run(RunContext&) override {
    patched = with_hooks(*model, constant_hooks(diffusion::perp_neg(*empty_conditioning, neg_scale)));
  }
};

struct TCFG final : Node {
  static constexpr NodeInfo kInfo{.name = "TCFG",
                                  .category = "advanced/guidance",
                                  .help = "Guidance by that part of the negative guess only which shares a direction with "
                                          "the positive one (tangential damping).",
                                  .display_name = "Tangential Damping CFG"};
  In<Model> model{this, "model", "Model to patch."};
  Out<Model> patched{this, "patched_model"};

  void run(RunContext&) override { patched = with_hooks(*model, constant_hooks(diffusion::tangential_damping())); }
};

struct APG final : Node {
  static constexpr NodeInfo kInfo{.name = "APG",
                                  .category = "sampling/custom_sampling",
                                  .help = "High guidance without burnt colours: the part of it that only makes the picture "
                                          "stronger can be held back, and its length is limited.",
                                  .display_name = "Adaptive Projected Guidance"};
  In<Model> model{this, "model", "Model to patch."};
  In<double> eta{this, "eta", "Share kept of the guidance along the positive guess.", 1.0, between(-10.0, 10.0),
                 step(0.01)};
  In<double> norm_threshold{this, "norm_threshold", "Longest guidance; 0 for no limit.", 5.0, between(0.0, 50.0),
                            step(0.1)};
  In<double> momentum{this, "momentum", "Share of the step before; below 0 steps away from it.", 0.0, between(-5.0, 1.0),
                      step(0.01)};
  Out<Model> patched{this, "MODEL"};

  void run(RunContext&) override {
    patched = with_hooks(*model, diffusion::adaptive_projection(
                                     {.eta = eta, .norm_threshold = norm_threshold, .momentum = momentum}));
  }
};

struct FreSca final : Node {
  static constexpr NodeInfo kInfo{.name = "FreSca",
                                  .category = "_for_testing",
                                  .help = "Different guidance for what is coarse and what is fine."};
  In<Model> model{this, "model", "Model to patch."};
  In<double> scale_low{this, "scale_low", "Factor of the guidance of what is coarse.", 1.0, between(0, 10), step(0.01)};
  In<double> scale_high{this, "scale_high", "Factor of the guidance of what is fine.", 1.25, between(0, 10), step(0.01)};
  In<int64_t> freq_cutoff{this, "freq_cutoff", "Periods per side of the picture up to which something is coarse.", 20,
                          between(1, 10000), step(1)};
  Out<Model> patched{this, "MODEL"};

  void run(RunContext&) override {
    patched = with_hooks(*model, constant_hooks(diffusion::frequency_scaling(scale_low, scale_high, freq_cutoff)));
  }
};

struct LatentApplyOperationCFG final : Node {
  static constexpr NodeInfo kInfo{.name = "LatentApplyOperationCFG",
                                  .category = "latent/advanced/operations",
                                  .help = "Applies an operation to the guidance of every step."};
  In<Model> model{this, "model", "Model to patch."};
  In<LatentOperation> operation{this, "operation", "What to do with the difference of the two sides."};
  Out<Model> patched{this, "MODEL"};

  void run(RunContext&) override {
    patched = with_hooks(*model, constant_hooks(diffusion::change_guidance(operation->apply)));
  }
};

}  // namespace

void register_guidance_patch_nodes(Registry& registry) {
  registry.add<RescaleCFG>();
  registry.add<RenormCFG>();
  registry.add<VideoLinearCFGGuidance>();
  registry.add<VideoTriangleCFGGuidance>();
  registry.add<PerpNeg>();
  registry.add<TCFG>();
  registry.add<APG>();
  registry.add<FreSca>();
  registry.add<LatentApplyOperationCFG>();
}

}  // namespace heddle
