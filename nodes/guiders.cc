// Guiders that join three prompts, as nodes.
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/guider.h"

namespace heddle {
namespace {

using diffusion::Conditioning;
using diffusion::GuidanceRule;

struct DualCFGGuider final : Node {
  static constexpr NodeInfo kInfo{.name = "DualCFGGuider",
                                  .category = "sampling/custom_sampling/guiders",
                                  .help = "Guidance by two prompts and a negative one, each with a scale of its own."};
  In<Model> model{this, "model", "Predicts noise, with any LoRAs already applied."};
  In<Conditioning> cond1{this, "cond1", "What the picture should show."};
  In<Conditioning> cond2{this, "cond2", "What cond1 is compared with, such as the same picture without a text."};
  In<Conditioning> negative{this, "negative", "What to avoid."};
  In<double> cfg_conds{this, "cfg_conds", "How far from cond2 towards cond1.", 8.0, between(0.0, 100.0), step(0.1)};
  In<double> cfg_cond2_negative{this, "cfg_cond2_negative",
                                "How far from the negative towards cond2, or nested, towards the guided pair.", 8.0,
                                between(0.0, 100.0), step(0.1)};
  In<Choice> style{this, "style", "Two ways added, or one guidance inside of the other.", one_of({"regular", "nested"})};
  Out<Guider> guider{this, "GUIDER"};

  void run(RunContext&) override {
    Guider result{*model, {*cond1, *negative, cfg_conds}};
    result.guidance.third = *cond2;
    result.guidance.second_scale = cfg_cond2_negative;
    result.guidance.rule = *style == "nested" ? GuidanceRule::kDualNested : GuidanceRule::kDual;
    guider = std::move(result);
  }
};

struct PerpNegGuider final : Node {
  static constexpr NodeInfo kInfo{.name = "PerpNegGuider",
                                  .category = "_for_testing",
                                  .help = "Guidance whose negative prompt takes nothing away that the positive one asks for."};
  In<Model> model{this, "model", "Predicts noise, with any LoRAs already applied."};
  In<Conditioning> positive{this, "positive", "What the picture should show."};
  In<Conditioning> negative{this, "negative", "What it should avoid."};
  In<Conditioning> empty_conditioning{this, "empty_conditioning", "An empty prompt, encoded."};
  In<double> cfg{this, "cfg", "Guidance: how closely to follow the prompts.", 8.0, between(0.0, 100.0), step(0.1)};
  In<double> neg_scale{this, "neg_scale", "How strongly the negative prompt counts.", 1.0, between(0.0, 100.0), step(0.01)};
  Out<Guider> guider{this, "GUIDER"};

  void run(RunContext&) override {
    Guider result{*model, {*positive, *negative, cfg}};
    result.guidance.third = *empty_conditioning;
    result.guidance.second_scale = neg_scale;
    result.guidance.rule = GuidanceRule::kPerpNeg;
    guider = std::move(result);
  }
};

}  // namespace

void register_three_sided_guider_nodes(Registry& registry) {
  registry.add<DualCFGGuider>();
  registry.add<PerpNegGuider>();
}

}  // namespace heddle
