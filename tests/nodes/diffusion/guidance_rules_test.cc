// How three sides become one, and what hooks of a model do to it.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/diffusion/guidance_combine.h"
#include "nodes/diffusion/model_hooks.h"
#include "tests/support/golden.h"

namespace heddle::diffusion {
namespace {

using ::testing::ElementsAre;
using test::max_difference;

// The first value of an entry's context is its guess.
ConditioningEntry plain_entry(float guess) {
  ConditioningEntry result;
  result.cross_attention = at::full({1, 1, 2}, guess);
  return result;
}

/// At sigma 1 the guess D = x - output is the value of the entry, everywhere.
struct FakeScalar {
  std::vector<std::string> calls;  // values in order of the rows
  std::vector<UNetCall> told;

  Predict predict() {
    return [this](const at::Tensor& x, const at::Tensor&, const at::Tensor& context,
                  const at::Tensor&, const UNetCall& call) {
      std::string rows;
      for (int64_t row = 0; row < context.size(0); ++row) {
        rows += (row ? " " : "") + std::to_string(int(context[row][0][0].item<float>()));
      }
      calls.push_back(rows);
      told.push_back(call);
      return x * std::sqrt(2.f) - context.select(1, 0).select(1, 0).reshape({-1, 1, 1, 1});
    };
  }
};

const at::Tensor kSmallLatent = at::ones({1, 4, 8, 8});

float value(FakeScalar& network, Guidance guidance, bool with_negative = false) {
  const Denoiser model =
      guided_denoiser(network.predict(), stable_diffusion_sampling(), std::move(guidance), {});
  const at::Tensor denoised = model.guess(kSmallLatent, 1, with_negative).denoised;
  EXPECT_LE(max_difference(denoised, at::full_like(denoised, denoised.mean().item<float>())), 1e-4);
  return denoised.mean().item<float>();
}

Guidance three_sides(GuidanceRule rule, double scale, double second_scale) {
  Guidance guidance{{plain_entry(7)}, {plain_entry(1)}, scale};
  guidance.rule = rule;
  guidance.third = {plain_entry(4)};
  guidance.second_scale = second_scale;
  return guidance;
}

TEST(DualGuidance, AddsTheWayBetweenThePromptsToTheGuidanceOfTheSecond) {
  FakeScalar network;
  EXPECT_NEAR(value(network, three_sides(GuidanceRule::kDual, 3, 5)), 1 + (4 - 1) * 5 + (7 - 4) * 3,
              1e-3);
  EXPECT_THAT(network.calls, ElementsAre("4 1 7"));
}

TEST(DualGuidance, LeavesOutWhatScaleOneMakesNeedless) {
  FakeScalar network;
  EXPECT_NEAR(value(network, three_sides(GuidanceRule::kDual, 3, 1)), 4 + (7 - 4) * 3, 1e-3);
  EXPECT_NEAR(value(network, three_sides(GuidanceRule::kDual, 1, 1)), 7, 1e-3);
  EXPECT_NEAR(value(network, three_sides(GuidanceRule::kDual, 1, 1), true), 7, 1e-3);
  EXPECT_THAT(network.calls, ElementsAre("4 7", "7", "4 1 7"));
}

TEST(DualGuidance, NestedGuidesThePairFromTheNegative) {
  FakeScalar network;
  EXPECT_NEAR(value(network, three_sides(GuidanceRule::kDualNested, 3, 5)),
              1 + ((4 + (7 - 4) * 3) - 1) * 5, 1e-3);
}

TEST(PerpNegGuidance, ComputesAllSidesAtOnceAtScaleOneToo) {
  FakeScalar network;  // all guesses point the same way, so nothing of the negative is left
  EXPECT_NEAR(value(network, three_sides(GuidanceRule::kPerpNeg, 1, 1)), 4 + (7 - 4) * 1, 1e-3);
  EXPECT_THAT(network.calls, ElementsAre("4 1 7"));
}

TEST(GuidanceWithHooks, TheThirdSideOfAPatchIsASideToo) {
  FakeScalar network;
  Guidance guidance{{plain_entry(7)}, {plain_entry(1)}, 2};
  guidance.hooks = {constant_hooks(perp_neg({plain_entry(4)}, 1))};
  EXPECT_NEAR(value(network, guidance), 4 + (7 - 4) * 2, 1e-3);
  EXPECT_THAT(network.calls, ElementsAre("4 1 7"));
}

TEST(GuidanceWithHooks, ChangeBeforeThenCombineThenAfterInTheOrderOfThePatches) {
  FakeScalar network;
  const auto patch = [](double n) {
    return constant_hooks({.before = [n](GuidanceStep& s) { s.positive = s.positive * n; },
                           .combine = [n](const GuidanceStep& s) { return s.positive + n; },
                           .after = [n](const GuidanceStep& s) { return s.denoised * 10 + n; }});
  };
  Guidance guidance{{plain_entry(7)}, {plain_entry(1)}, 2};
  guidance.hooks = {patch(2), patch(3)};
  EXPECT_NEAR(value(network, guidance), (7 * 2 * 3 + 3) * 100 + 20 + 3, 1e-2);
}

TEST(GuidanceWithHooks, AtScaleOneTheNegativeIsComputedIfAHookNeedsIt) {
  FakeScalar network;
  Guidance guidance{{plain_entry(7)}, {plain_entry(1)}, 1};
  guidance.hooks = {constant_hooks({})};
  value(network, guidance);
  guidance.hooks = {constant_hooks({.needs_negative = true})};
  value(network, guidance);
  EXPECT_THAT(network.calls, ElementsAre("7", "1 7"));
}

TEST(GuidanceWithHooks, AHookThatNeedsTheNegativeSaysThatThereIsNone) {
  FakeScalar network;
  Guidance guidance{{plain_entry(7)}, {}, 1};
  guidance.hooks = {constant_hooks({.needs_negative = true})};
  EXPECT_THROW(value(network, guidance), std::runtime_error);
}

TEST(GuidanceWithHooks, MayAskForASideAgainWithHooksInTheNetwork) {
  FakeScalar network;
  const auto after = [](const GuidanceStep& s) {
    return s.denoised + s.ask_negative(s.x, {UNetHook(), UNetHook()}) * 100;
  };
  Guidance guidance{{plain_entry(7)}, {plain_entry(1)}, 2};
  guidance.hooks = {constant_hooks({.after = after, .unet = {UNetHook()}})};
  EXPECT_NEAR(value(network, guidance), 13 + 100, 1e-2);
  EXPECT_THAT(network.calls, ElementsAre("1 7", "1"));
  EXPECT_EQ(network.told[0].hooks.size(), 1u);
  EXPECT_EQ(network.told[1].hooks.size(), 3u);
  EXPECT_EQ(network.told[0].sigma, 1);
}

TEST(GuidanceWithHooks, TheNetworkIsToldWhichRowsAreTheNegativeSide) {
  FakeScalar network;
  ConditioningEntry part = plain_entry(9);
  part.region.area = Area{4, 4, 0, 0};
  const Denoiser model = guided_denoiser(network.predict(), stable_diffusion_sampling(),
                                         {{plain_entry(7), plain_entry(8)}, {plain_entry(1), part}, 5}, {});
  model(at::ones({3, 4, 8, 8}), 1);
  ASSERT_EQ(network.told.size(), 2u);
  EXPECT_EQ(network.calls[0], "1 1 1 8 8 8 7 7 7");
  EXPECT_EQ(network.told[0].first_negative, 0);
  EXPECT_EQ(network.told[0].negatives, 3);
  EXPECT_EQ(network.told[1].negatives, 0) << "an area is no picture";
}

}  // namespace
}  // namespace heddle::diffusion
