// Patches of what guidance has made, as nodes, among them those that ask the network once more.
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/diffusion/attention_guidance.h"
#include "nodes/diffusion/guidance_after.h"
#include "nodes/families.h"
#include "nodes/values.h"

namespace heddle {
namespace {

using diffusion::constant_hooks;

struct PerturbedAttentionGuidance final : Node {
  static constexpr NodeInfo kInfo{.name = "PerturbedAttentionGuidance",
                                  .category = "model_patches/unet",
                                  .help = "Clearer structure: away from what the network says when its attention is "
                                          "spoilt. One more call of the network a step."};
  In<Model> model{this, "model", "Model to patch."};
  In<double> scale{this, "scale", "How far; 0 is without.", 3.0, between(0.0, 100.0), step(0.01)};
  Out<Model> patched{this, "MODEL"};

  void run(RunContext&) override { patched = with_hooks(*model, constant_hooks(diffusion::perturbed_attention(scale))); }
};

struct SelfAttentionGuidance final : Node {
  static constexpr NodeInfo kInfo{.name = "SelfAttentionGuidance",
                                  .category = "_for_testing",
                                  .help = "Clearer detail: away from what the network says when the places that it looks at "
                                          "are blurred. One more call of the network a step.",
                                  .display_name = "Self-Attention Guidance"};
  In<Model> model{this, "model", "Model to patch."};
  In<double> scale{this, "scale", "How far; 0 is without.", 0.5, between(-2.0, 5.0), step(0.01)};
  In<double> blur_sigma{this, "blur_sigma", "Width of the blur in cells of the latent.", 2.0, between(0.0, 10.0),
                        step(0.1)};
  Out<Model> patched{this, "MODEL"};

  void run(RunContext&) override {
    patched = with_hooks(*model, diffusion::self_attention_guidance(scale, blur_sigma));
  }
};

struct EpsilonScaling final : Node {
  static constexpr NodeInfo kInfo{.name = "Epsilon Scaling",
                                  .category = "model_patches/unet",
                                  .help = "Takes a little less noise away at each step, since networks predict too much."};
  In<Model> model{this, "model", "Model to patch."};
  In<double> scaling_factor{this, "scaling_factor", "What the predicted noise is divided by.", 1.005, between(0.5, 1.5),
                            step(0.001)};
  Out<Model> patched{this, "MODEL"};

  void run(RunContext&) override {
    patched = with_hooks(*model, constant_hooks(diffusion::epsilon_scaling(scaling_factor)));
  }
};

struct CFGZeroStar final : Node {
  static constexpr NodeInfo kInfo{.name = "CFGZeroStar",
                                  .category = "advanced/guidance",
                                  .help = "Guidance from a negative guess that is first scaled to fit the positive one "
                                          "(CFG-Zero*)."};
  In<Model> model{this, "model", "Model to patch."};
  Out<Model> patched{this, "patched_model"};

  void run(RunContext&) override { patched = with_hooks(*model, constant_hooks(diffusion::cfg_zero_star())); }
};

struct CFGNorm final : Node {
  static constexpr NodeInfo kInfo{.name = "CFGNorm",
                                  .category = "advanced/guidance",
                                  .help = "Guidance that makes no cell of the latent stronger than the positive prompt does."};
  In<Model> model{this, "model", "Model to patch."};
  In<double> strength{this, "strength", "Factor of the result.", 1.0, between(0.0, 100.0), step(0.01)};
  Out<Model> patched{this, "patched_model"};

  void run(RunContext&) override { patched = with_hooks(*model, constant_hooks(diffusion::cfg_norm(strength))); }
};

struct Mahiro final : Node {
  static constexpr NodeInfo kInfo{
      .name = "Mahiro",
      .category = "_for_testing",
      .help = "Guidance that listens more to the positive prompt where the two disagree.",
      .display_name = "Mahiro is so cute that she deserves a better guidance function!! (。・ω・。)"};
  In<Model> model{this, "model", "Model to patch."};
  Out<Model> patched{this, "patched_model"};

  void run(RunContext&) override { patched = with_hooks(*model, constant_hooks(diffusion::mahiro())); }
};

}  // namespace

void register_extra_guidance_nodes(Registry& registry) {
  registry.add<PerturbedAttentionGuidance>();
  registry.add<SelfAttentionGuidance>();
  registry.add<EpsilonScaling>();
  registry.add<CFGZeroStar>();
  registry.add<CFGNorm>();
  registry.add<Mahiro>();
}

}  // namespace heddle
