// Prompts that are summed instead of averaged, and prompts for single steps.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "nodes/diffusion/guidance.h"
#include "nodes/diffusion/guidance_plan.h"
#include "tests/support/golden.h"

namespace heddle::diffusion {
namespace {

using ::testing::HasSubstr;
using test::max_difference;
using ::testing::ThrowsMessage;

const at::Tensor kLatent = at::ones({1, 4, 16, 24});

// An entry of which the network below guesses `value` everywhere.
ConditioningEntry entry(float value) {
  ConditioningEntry result;
  result.cross_attention = at::full({1, 1, 2}, value);
  return result;
}

ConditioningEntry composed(float value, double weight) {
  ConditioningEntry result = entry(value);
  result.composes = weight;
  return result;
}

ConditioningEntry at_steps(float value, std::vector<bool> steps) {
  ConditioningEntry result = entry(value);
  result.steps = std::move(steps);
  return result;
}

at::Tensor guess(Guidance guidance, float sigma = 1) {
  const Predict predict = [sigma](const at::Tensor& x, const at::Tensor&, const at::Tensor& context,
                                  const at::Tensor&) {
    const at::Tensor value = context.select(1, 0).select(1, 0).reshape({-1, 1, 1, 1});
    return (x * std::sqrt(sigma * sigma + 1) - value) / sigma;
  };
  return guided_denoiser(predict, stable_diffusion_sampling(), std::move(guidance), {})(kLatent,
                                                                                        sigma);
}

double value(Guidance guidance, float sigma = 1) {
  return guess(std::move(guidance), sigma).mean().item<double>();
}

TEST(Composition, SumsWeightedDifferencesFromTheNegative) {
  // 1 + ((3 - 1) * 1.2 + (6 - 1) * 0.5) * 4
  EXPECT_NEAR(value({{composed(3, 1.2), composed(6, 0.5)}, {entry(1)}, 4}), 20.6, 1e-4);
  EXPECT_NEAR(value({{composed(3, 1), composed(6, -1)}, {entry(1)}, 2}), -5, 1e-4);
}

TEST(Composition, NeedsTheNegativeAtScaleOneToo) {
  EXPECT_NEAR(value({{composed(3, 0.5), composed(6, 1)}, {entry(1)}, 1}), 7, 1e-4);
}

TEST(Composition, OfOnePromptOfWeightOneIsPlainGuidance) {
  const Guidance plain{{entry(3)}, {entry(1)}, 5}, alone{{composed(3, 1)}, {entry(1)}, 5};
  EXPECT_LE(max_difference(guess(plain), guess(alone)), 1e-5);
}

TEST(Composition, CountsInsideItsAreaOnly) {
  ConditioningEntry left = composed(3, 1);
  left.region.area = Area{16, 8, 0, 0};
  const at::Tensor d = guess({{left, composed(6, 1)}, {entry(1)}, 2});
  EXPECT_NEAR(d[0][0][8][0].item<double>(), 15, 1e-4);  // 1 + (2 + 5) * 2
  EXPECT_NEAR(d[0][0][8][23].item<double>(), 11, 1e-4);
}

TEST(Composition, WhatItCannotMeanIsAnError) {
  ConditioningEntry area = entry(1);
  area.region.area = Area{8, 8, 0, 0};
  EXPECT_THAT(
      [] {
        guess({{entry(3)}, {composed(1, 1)}, 2});
      },
      ThrowsMessage<std::runtime_error>(HasSubstr("can only be positive")));
  EXPECT_THAT(
      [] {
        guess({{entry(3), composed(1, 1)}, {entry(1)}, 2});
      },
      ThrowsMessage<std::runtime_error>(HasSubstr("write all of them into one text")));
  EXPECT_THAT(
      [&] {
        guess({{composed(3, 1)}, {area}, 2});
      },
      ThrowsMessage<std::runtime_error>(HasSubstr("areas do not go together")));
}

TEST(StepsOfPrompts, AreThoseOfTheSchedule) {
  Guidance guidance{
      {at_steps(3, {true, false, true}), at_steps(6, {false, true, false})}, {entry(1)}, 1};
  guidance.schedule = {8, 4, 2, 0};
  EXPECT_NEAR(value(guidance, 8), 3, 1e-4);
  EXPECT_NEAR(value(guidance, 4), 6, 1e-4);
  EXPECT_NEAR(value(guidance, 3), 6, 1e-4)
      << "a call between two levels belongs to the step before";
  EXPECT_NEAR(value(guidance, 2), 3, 1e-4);
}

TEST(StepsOfPrompts, MustBeAsManyAsTheSamplerRuns) {
  Guidance guidance{{at_steps(3, {true, false})}, {entry(1)}, 1};
  EXPECT_THAT([&] { guess(guidance); },
              ThrowsMessage<std::runtime_error>(HasSubstr("does not tell which step")));
  guidance.schedule = {8, 4, 2, 0};
  EXPECT_THAT(
      [&] { guess(guidance); },
      ThrowsMessage<std::runtime_error>(HasSubstr("encoded for 2 steps, but this sampler runs 3")));
}

TEST(StepsOfPrompts, NeedLevelsThatFall) {
  Guidance guidance{{at_steps(3, {true, false})}, {entry(1)}, 1};
  guidance.schedule = {1, 4, 0};
  EXPECT_THAT([&] { guess(guidance); },
              ThrowsMessage<std::runtime_error>(HasSubstr("levels that only fall")));
}

TEST(StepsOfPrompts, StepAtFindsTheLevelThatIsWalkedDownFrom) {
  const Sigmas sigmas{8, 4, 2, 0};
  EXPECT_EQ(step_at(sigmas, 9), 0u);
  EXPECT_EQ(step_at(sigmas, 8), 0u);
  EXPECT_EQ(step_at(sigmas, 5), 0u);
  EXPECT_EQ(step_at(sigmas, 4), 1u);
  EXPECT_EQ(step_at(sigmas, 1), 2u);
  EXPECT_EQ(step_at(sigmas, 0), 2u);
  EXPECT_EQ(step_at({}, 1), 0u);
}

}  // namespace
}  // namespace heddle::diffusion
