// Attention made stronger or weaker by factors on its weights, as nodes, and hypernetworks.
#include <string>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/diffusion/model_hooks.h"
#include "nodes/families.h"
#include "nodes/values.h"
#include "nodes/weights/hypernetwork.h"

namespace heddle {
namespace {

/// What a weight is multiplied by if its name without ".weight" or ".bias" ends so and has `inside` in it.
struct Factor {
  std::string ending;
  double factor;
  std::string inside = "";
};

std::shared_ptr<const weights::Patches> scaled(const PatchedPart& part, const std::vector<Factor>& factors) {
  weights::Patches patches;
  for (const auto& [name, shape] : part.names_and_shapes()) {
    for (const Factor& f : factors) {
      const bool meant = name.ends_with(f.ending + ".weight") || name.ends_with(f.ending + ".bias");
      if (!meant || name.find(f.inside) == std::string::npos) continue;
      if (f.factor != 1) patches[name].push_back({.change = weights::Scale{f.factor}});
      break;
    }
  }
  if (patches.empty()) return part.patches;
  return weights::with_patches(part.patches, patches, 1);
}

Model with_factors(const Model& model, const std::vector<Factor>& factors) {
  const auto patches = scaled(model.weights, factors);
  return patches == model.weights.patches ? model : with_patches(model, patches);
}

struct UNetSelfAttentionMultiply final : Node {
  static constexpr NodeInfo kInfo{.name = "UNetSelfAttentionMultiply",
                                  .category = "_for_testing/attention_experiments",
                                  .help = "Factors on the weights with which a picture attends to itself."};
  In<Model> model{this, "model", "Model to patch."};
  In<double> q{this, "q", "Factor of the queries.", 1.0, between(0.0, 10.0), step(0.01)};
  In<double> k{this, "k", "Factor of the keys.", 1.0, between(0.0, 10.0), step(0.01)};
  In<double> v{this, "v", "Factor of the values.", 1.0, between(0.0, 10.0), step(0.01)};
  In<double> out{this, "out", "Factor of the result.", 1.0, between(0.0, 10.0), step(0.01)};
  Out<Model> patched{this, "MODEL"};

  void run(RunContext&) override {
    patched = with_factors(*model, {{"attn1.to_q", q}, {"attn1.to_k", k}, {"attn1.to_v", v}, {"attn1.to_out.0", out}});
  }
};

struct UNetCrossAttentionMultiply final : Node {
  static constexpr NodeInfo kInfo{.name = "UNetCrossAttentionMultiply",
                                  .category = "_for_testing/attention_experiments",
                                  .help = "Factors on the weights with which a picture attends to the prompt."};
  In<Model> model{this, "model", "Model to patch."};
  In<double> q{this, "q", "Factor of the queries.", 1.0, between(0.0, 10.0), step(0.01)};
  In<double> k{this, "k", "Factor of the keys.", 1.0, between(0.0, 10.0), step(0.01)};
  In<double> v{this, "v", "Factor of the values.", 1.0, between(0.0, 10.0), step(0.01)};
  In<double> out{this, "out", "Factor of the result.", 1.0, between(0.0, 10.0), step(0.01)};
  Out<Model> patched{this, "MODEL"};

  void run(RunContext&) override {
    patched = with_factors(*model, {{"attn2.to_q", q}, {"attn2.to_k", k}, {"attn2.to_v", v}, {"attn2.to_out.0", out}});
  }
};

struct UNetTemporalAttentionMultiply final : Node {
  static constexpr NodeInfo kInfo{.name = "UNetTemporalAttentionMultiply",
                                  .category = "_for_testing/attention_experiments",
                                  .help = "Factors on the results of attention, apart for what acts within a picture and "
                                          "what acts over time; only video models have the latter."};
  In<Model> model{this, "model", "Model to patch."};
  In<double> self_structural{this, "self_structural", "Factor of attention to the picture itself.", 1.0,
                             between(0.0, 10.0), step(0.01)};
  In<double> self_temporal{this, "self_temporal", "The same over time.", 1.0, between(0.0, 10.0), step(0.01)};
  In<double> cross_structural{this, "cross_structural", "Factor of attention to the prompt.", 1.0, between(0.0, 10.0),
                              step(0.01)};
  In<double> cross_temporal{this, "cross_temporal", "The same over time.", 1.0, between(0.0, 10.0), step(0.01)};
  Out<Model> patched{this, "MODEL"};

  void run(RunContext&) override {
    patched = with_factors(*model, {{"attn1.to_out.0", self_temporal, ".time_stack."},
                                    {"attn1.to_out.0", self_structural},
                                    {"attn2.to_out.0", cross_temporal, ".time_stack."},
                                    {"attn2.to_out.0", cross_structural}});
  }
};

struct CLIPAttentionMultiply final : Node {
  static constexpr NodeInfo kInfo{.name = "CLIPAttentionMultiply",
                                  .category = "_for_testing/attention_experiments",
                                  .help = "Factors on the weights of the attention in text encoders."};
  In<Clip> clip{this, "clip", "Text encoder to patch."};
  In<double> q{this, "q", "Factor of the queries.", 1.0, between(0.0, 10.0), step(0.01)};
  In<double> k{this, "k", "Factor of the keys.", 1.0, between(0.0, 10.0), step(0.01)};
  In<double> v{this, "v", "Factor of the values.", 1.0, between(0.0, 10.0), step(0.01)};
  In<double> out{this, "out", "Factor of the result.", 1.0, between(0.0, 10.0), step(0.01)};
  Out<Clip> patched{this, "CLIP"};

  void run(RunContext&) override {
    const std::vector<Factor> factors{
        {"self_attn.q_proj", q}, {"self_attn.k_proj", k}, {"self_attn.v_proj", v}, {"self_attn.out_proj", out}};
    patched = with_patches(*clip, [&](const PatchedPart& encoder) { return scaled(encoder, factors); });
  }
};

struct HypernetworkLoader final : Node {
  static constexpr NodeInfo kInfo{.name = "HypernetworkLoader",
                                  .category = "loaders",
                                  .help = "Adds a hypernetwork: small networks that change what attention sees."};
  In<Model> model{this, "model", "Model to patch."};
  In<HypernetworkFile> hypernetwork_name{this, "hypernetwork_name", "File in the hypernetworks folder."};
  In<double> strength{this, "strength", "How strongly; 0 is without, below 0 the other way.", 1.0, between(-10.0, 10.0),
                      step(0.01)};
  Out<Model> patched{this, "MODEL"};

  void run(RunContext& context) override {
    const auto file = weights::TensorFile::open(hypernetwork_name->path);
    context.check_cancelled();
    const auto network = std::make_shared<const diffusion::Hypernetwork>(weights::read_hypernetwork(*file));
    if (*strength == 0) {
      patched = *model;
      return;
    }
    const diffusion::UNetHook hook{.sources = [network, by = *strength](at::Tensor& keys, at::Tensor& values) {
      const diffusion::AttentionContext changed = diffusion::apply_hypernetwork(*network, {keys, values}, by);
      keys = changed.k;
      values = changed.v;
    }};
    patched = with_hooks(*model, diffusion::constant_hooks({.unet = {hook}}));
  }
};

}  // namespace

void register_attention_patch_nodes(Registry& registry) {
  registry.add<UNetSelfAttentionMultiply>();
  registry.add<UNetCrossAttentionMultiply>();
  registry.add<UNetTemporalAttentionMultiply>();
  registry.add<CLIPAttentionMultiply>();
  registry.add<HypernetworkLoader>();
}

}  // namespace heddle
