// Guiders of three prompts against what single prompts give on the same model.
#include "nodes/guider.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "nodes/diffusion/noise.h"
#include "tests/nodes/workshop.h"

namespace heddle {
namespace {

using test::max_difference;
using test::NodeWorkshop;

class ThreeSidedGuiders : public ::testing::Test {
 protected:
  static const Guider& guider(const std::string& node, const std::string& inputs) {
    static NodeWorkshop w;
    w.add_model("checkpoints", "mini_sd15.safetensors", "checkpoints/mini_sd15.spec.json");
    return w.value<Guider>(test::graph_of(R"({
      "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "mini_sd15.safetensors"}},
      "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red fox in the snow", "clip": ["1", 1]}},
      "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["1", 1]}},
      "4": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["1", 1]}},
      "5": {"class_type": ")" + node + R"(", "inputs": {"model": ["1", 0], )" + inputs + "}}}"),
                           "5", 0);
  }
  static const Guider& dual(const std::string& style, double cfg_conds, double cfg_cond2_negative) {
    return guider("DualCFGGuider", R"("cond1": ["2", 0], "cond2": ["3", 0], "negative": ["4", 0], "style": ")" + style +
                                       R"(", "cfg_conds": )" + std::to_string(cfg_conds) +
                                       R"(, "cfg_cond2_negative": )" + std::to_string(cfg_cond2_negative));
  }
  // D at one noise level.
  static at::Tensor guess(const Guider& guider) {
    const Latent latent{.samples = at::zeros({1, 4, 8, 8}), .noise_mask = {}, .batch_index = {}};
    const at::Tensor x = at::randn({1, 4, 8, 8}, diffusion::make_generator(1), at::kFloat) * 3;
    return open_guider(guider, latent, {})(x, 3);
  }
  static at::Tensor alone(const Guider& guider, const diffusion::Conditioning& prompt) {
    return guess({guider.model, {prompt, {}, 1}}).to(at::kDouble);
  }
  static void expect_near(const at::Tensor& got, const at::Tensor& expected) {
    EXPECT_LE(max_difference(got.to(at::kDouble), expected), 1e-4);
  }
};

TEST_F(ThreeSidedGuiders, DualAddsTheGuidanceBetweenThePrompts) {
  const Guider g = dual("regular", 3, 5);
  const at::Tensor first = alone(g, g.guidance.positive), second = alone(g, g.guidance.third),
                   negative = alone(g, g.guidance.negative);
  expect_near(guess(g), negative + (second - negative) * 5 + (first - second) * 3);
}

TEST_F(ThreeSidedGuiders, NestedGuidesTheGuidedPair) {
  const Guider g = dual("nested", 3, 5);
  const at::Tensor first = alone(g, g.guidance.positive), second = alone(g, g.guidance.third),
                   negative = alone(g, g.guidance.negative);
  const at::Tensor pair = second + (first - second) * 3;
  expect_near(guess(g), negative + (pair - negative) * 5);
}

TEST_F(ThreeSidedGuiders, PerpNegKeepsFromTheNegativeWhatThePositiveAsksFor) {
  const Guider g = guider("PerpNegGuider", R"("positive": ["2", 0], "empty_conditioning": ["3", 0],
                          "negative": ["4", 0], "cfg": 6, "neg_scale": 0.8)");
  const at::Tensor empty = alone(g, g.guidance.third);
  const at::Tensor positive = alone(g, g.guidance.positive) - empty, negative = alone(g, g.guidance.negative) - empty;
  const at::Tensor perpendicular =
      negative - positive * ((negative * positive).sum() / (positive * positive).sum());
  expect_near(guess(g), empty + (positive - perpendicular * 0.8) * 6);
}

TEST_F(ThreeSidedGuiders, AThirdPromptOfAnotherEncoderIsAnError) {
  Guider g = dual("regular", 3, 5);
  g.guidance.third[0].cross_attention = at::zeros({1, 77, 64});
  EXPECT_THROW(guess(g), std::runtime_error);
}

}  // namespace
}  // namespace heddle
