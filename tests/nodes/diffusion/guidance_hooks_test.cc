// Every change of guidance against its definition, worked out in float64.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "nodes/diffusion/guidance_after.h"
#include "nodes/diffusion/guidance_before.h"
#include "nodes/diffusion/guidance_combine.h"
#include "nodes/diffusion/noise.h"
#include "tests/support/golden.h"

namespace heddle::diffusion {
namespace {

using test::max_difference;

at::Tensor random_latent(uint64_t seed, at::IntArrayRef shape = {2, 4, 6, 8}) {
  return at::randn(shape, make_generator(seed), at::kFloat);
}

// A step with guesses that have something in common.
GuidanceStep some_step(double scale = 5, float sigma = 2.5f) {
  GuidanceStep step;
  step.x = random_latent(1) * 3;
  step.sigma = sigma;
  step.scale = scale;
  step.positive = random_latent(2);
  step.negative = random_latent(3) * 0.7 + step.positive * 0.4;
  step.third = random_latent(4) * 0.5;
  step.denoised = classifier_free(step);
  return step;
}

GuidanceStep without_negative(GuidanceStep step) {
  step.negative = at::Tensor();
  step.denoised = step.positive;
  return step;
}

at::Tensor f64(const at::Tensor& x) { return x.to(at::kDouble); }
at::Tensor sum_by_picture(const at::Tensor& x) { return x.sum({1, 2, 3}, true); }
at::Tensor length_by_picture(const at::Tensor& x) { return sum_by_picture(x * x).sqrt(); }

void expect_near(const at::Tensor& got, const at::Tensor& expected, double tolerance = 2e-5) {
  ASSERT_EQ(got.scalar_type(), at::kFloat);
  EXPECT_LE(max_difference(f64(got), expected), tolerance);
}

at::Tensor plain(const GuidanceStep& s) {
  return f64(s.negative) + (f64(s.positive) - f64(s.negative)) * s.scale;
}

TEST(RescaleCfg, BringsVBackToTheDeviationOfThePositiveSide) {
  const GuidanceStep s = some_step();
  const double power = double(s.sigma) * s.sigma + 1, to_v = std::sqrt(power) / s.sigma;
  const at::Tensor x = f64(s.x) / power;
  const at::Tensor positive = (x - f64(s.positive)) * to_v, joined = (x - plain(s)) * to_v;
  const at::Tensor ratio = positive.std({1, 2, 3}, true, true) / joined.std({1, 2, 3}, true, true);
  const at::Tensor v = joined * ratio * 0.7 + joined * 0.3;
  expect_near(rescale_cfg(0.7).combine(s), x - v / to_v);
}

TEST(RescaleCfg, IsPlainGuidanceAtZeroAndThePositiveSideAtCfgOne) {
  const GuidanceStep s = some_step();
  EXPECT_TRUE(at::equal(rescale_cfg(0).combine(s), classifier_free(s)));
  EXPECT_TRUE(at::equal(rescale_cfg(0.7).combine(without_negative(s)), s.positive));
}

TEST(RenormCfg, LimitsTheLengthOfEachPicture) {
  const GuidanceStep s = some_step();
  const at::Tensor length = length_by_picture(plain(s)), limit = length_by_picture(f64(s.positive)) * 1.5;
  ASSERT_TRUE((length > limit).all().item<bool>());
  expect_near(renorm_cfg(100, 1.5).combine(s), plain(s) * limit / length);
  EXPECT_TRUE(at::equal(renorm_cfg(100, 50).combine(s), classifier_free(s)));
  EXPECT_TRUE(at::equal(renorm_cfg(100, 0).combine(s), classifier_free(s)));
}

TEST(RenormCfg, FromTheTruncationOnThereIsNoGuidance) {
  const GuidanceStep s = some_step();
  EXPECT_TRUE(at::equal(renorm_cfg(s.sigma, 1).combine(s), s.positive));
}

TEST(CfgByFrame, RisesEvenlyToTheCfg) {
  GuidanceStep s = some_step();
  const at::Tensor scales = at::tensor({2.0, 5.0}, at::kDouble).reshape({2, 1, 1, 1});
  expect_near(linear_cfg(2).combine(s),
              f64(s.negative) + (f64(s.positive) - f64(s.negative)) * scales);
}

TEST(CfgByFrame, ATriangleIsHighestInTheMiddle) {
  GuidanceStep s = some_step();
  s.x = random_latent(1, {5, 1, 1, 1});
  s.positive = at::ones({5, 1, 1, 1});
  s.negative = at::zeros({5, 1, 1, 1});
  expect_near(triangle_cfg(1).combine(s).flatten(), at::tensor({1., 3., 5., 3., 1.}, at::kDouble));
}

TEST(CfgByFrame, NeedsTheNegativeSideAtCfgOneOnlyIfAFrameHasAnotherScale) {
  EXPECT_FALSE(linear_cfg(1).needs_negative);
  EXPECT_TRUE(linear_cfg(1.5).needs_negative);
  EXPECT_TRUE(triangle_cfg(0).needs_negative);
  EXPECT_TRUE(at::equal(linear_cfg(1).combine(without_negative(some_step(1))), some_step().positive));
}

TEST(PerpNeg, TakesFromTheNegativeWhatIsAlongThePositive) {
  const GuidanceStep s = some_step();
  const at::Tensor positive = f64(s.positive) - f64(s.third), negative = f64(s.negative) - f64(s.third);
  const at::Tensor perpendicular =
      negative - positive * ((negative * positive).sum() / (positive * positive).sum());
  expect_near(perpendicular_guidance(s, 1.3),
              f64(s.third) + (positive - perpendicular * 1.3) * s.scale);
}

TEST(PerpNeg, ANegativeAlongThePositiveCountsForNothing) {
  GuidanceStep s = some_step();
  s.negative = s.third + (s.positive - s.third) * 2;
  expect_near(perpendicular_guidance(s, 1), f64(s.third) + (f64(s.positive) - f64(s.third)) * s.scale);
}

TEST(TangentialDamping, KeepsTheNegativeScoreAlongTheFirstSingularVector) {
  const GuidanceStep s = some_step();
  GuidanceStep got = s;
  tangential_damping().before(got);
  EXPECT_TRUE(at::equal(got.positive, s.positive));
  const at::Tensor negative = (f64(s.x) - f64(s.negative)).reshape({2, 1, -1}),
                   positive = (f64(s.x) - f64(s.positive)).reshape({2, 1, -1});
  const auto svd = at::linalg_svd(at::cat({negative, positive}, 1), false);
  const at::Tensor first = std::get<2>(svd).narrow(1, 0, 1);  // [2, 1, n]
  const at::Tensor kept = (negative * first).sum(2, true) * first;
  expect_near(got.negative, f64(s.x) - kept.reshape(s.x.sizes()));
}

TEST(TangentialDamping, ScoresOfOneDirectionStayAndNoScoresDoNotDivideByZero) {
  GuidanceStep s = some_step();
  s.negative = s.x - (s.x - s.positive) * 0.5;
  GuidanceStep got = s;
  tangential_damping().before(got);
  expect_near(got.negative, f64(s.negative));
  s.negative = s.positive = s.x;
  tangential_damping().before(s);
  EXPECT_TRUE(at::equal(s.negative, s.x));
}

at::Tensor projected(const GuidanceStep& s, at::Tensor guidance, double eta, double threshold) {
  const at::Tensor one = at::ones({}, at::kDouble);
  if (threshold > 0) guidance = guidance * at::minimum(threshold / length_by_picture(guidance), one);
  const at::Tensor unit = f64(s.positive) / length_by_picture(f64(s.positive));
  const at::Tensor along = sum_by_picture(guidance * unit) * unit;
  const at::Tensor changed = guidance - along + along * eta;
  return f64(s.negative) + changed + (f64(s.positive) - f64(s.negative)) / s.scale;
}

TEST(AdaptiveProjection, HoldsBackWhatIsAlongThePositiveAndLimitsTheLength) {
  const GuidanceStep s = some_step();
  GuidanceStep got = s;
  adaptive_projection({.eta = 0.3, .norm_threshold = 5, .momentum = 0})().before(got);
  expect_near(got.positive, projected(s, f64(s.positive) - f64(s.negative), 0.3, 5));
}

TEST(AdaptiveProjection, MomentumAddsTheCallBeforeUntilTheNoiseRises) {
  const auto before = adaptive_projection({.eta = 0, .norm_threshold = 0, .momentum = -0.5})().before;
  const GuidanceStep s = some_step();
  const at::Tensor difference = f64(s.positive) - f64(s.negative);
  GuidanceStep first = s, second = s, third = s;
  second.sigma = 1;
  before(first);
  before(second);
  before(third);
  expect_near(first.positive, projected(s, difference, 0, 0));
  expect_near(second.positive, projected(s, difference * 0.5, 0, 0));
  expect_near(third.positive, projected(s, difference, 0, 0));
}

TEST(AdaptiveProjection, RunsDoNotShareTheirMemory) {
  const MakeHooks make = adaptive_projection({.eta = 0, .norm_threshold = 0, .momentum = -0.5});
  GuidanceStep first = some_step(), second = some_step();
  make().before(first);
  make().before(second);
  EXPECT_TRUE(at::equal(first.positive, second.positive));
}

TEST(FrequencyScaling, ScalesTheGuidanceByFrequency) {
  const GuidanceStep s = some_step();
  GuidanceStep got = s;
  frequency_scaling(0.5, 1.25, 2).before(got);
  const at::Tensor guidance = f64(s.positive) - f64(s.negative);
  at::Tensor factors = at::full({6, 8}, 1.25, at::kDouble);
  for (const int64_t y : {0, 1, 4, 5}) {
    for (const int64_t x : {0, 1, 6, 7}) factors[y][x].fill_(0.5);
  }
  const at::Tensor filtered = at::real(at::fft_ifft2(at::fft_fft2(guidance) * factors));
  expect_near(got.positive, f64(s.negative) + filtered);
}

TEST(FrequencyScaling, ACutoffBeyondThePictureScalesEverything) {
  const GuidanceStep s = some_step();
  GuidanceStep got = s;
  frequency_scaling(2, 1.25, 10000).before(got);
  expect_near(got.positive, f64(s.negative) + (f64(s.positive) - f64(s.negative)) * 2);
  EXPECT_FALSE(frequency_scaling(1, 1, 20).before);
}

TEST(ChangeGuidance, SeesTheDifferenceOrAtCfgOneThePositiveSide) {
  const ModelHooks hooks = change_guidance([](const at::Tensor& x) { return x * 3; });
  GuidanceStep got = some_step(), alone = without_negative(got);
  const GuidanceStep s = got;
  hooks.before(got);
  hooks.before(alone);
  expect_near(got.positive, f64(s.negative) + (f64(s.positive) - f64(s.negative)) * 3);
  expect_near(alone.positive, f64(s.positive) * 3);
}

TEST(EpsilonScaling, DividesThePredictedNoise) {
  const GuidanceStep s = some_step();
  expect_near(epsilon_scaling(1.25).after(s), f64(s.x) - (f64(s.x) - f64(s.denoised)) / 1.25);
  EXPECT_TRUE(at::equal(epsilon_scaling(1).after(s), s.denoised));
}

TEST(CfgZeroStar, ScalesTheNegativeToFitThePositive) {
  const GuidanceStep s = some_step();
  const at::Tensor positive = f64(s.x) - f64(s.positive), negative = f64(s.x) - f64(s.negative);
  const at::Tensor fit = sum_by_picture(positive * negative) / sum_by_picture(negative * negative);
  expect_near(cfg_zero_star().after(s),
              f64(s.negative) * fit * (1 - s.scale) + f64(s.positive) * s.scale);
}

TEST(CfgNorm, LimitsEachCell) {
  const GuidanceStep s = some_step();
  const at::Tensor lengths = f64(s.denoised).norm(2, {1}, true),
                   limits = f64(s.positive).norm(2, {1}, true);
  const at::Tensor factor = at::minimum(limits / lengths, at::ones_like(limits));
  expect_near(cfg_norm(1.2).after(s), f64(s.denoised) * factor * 1.2);
}

TEST(Mahiro, LeansTowardsThePositiveSideByTheMeanCosine) {
  const GuidanceStep s = some_step();
  const auto root = [](const at::Tensor& x) { return x.abs().sqrt() * x.sign(); };
  const at::Tensor alone = f64(s.positive) * s.scale, joined = plain(s);
  const at::Tensor a = root(f64(s.negative) * s.scale), b = root((alone + joined) / 2);
  const at::Tensor cosine = (a * b).sum(1) / (a.norm(2, {1}) * b.norm(2, {1}));
  const double weight = 2 * (cosine.mean().item<double>() + 1);  // 0 ... 4
  expect_near(mahiro().after(s), (joined * weight + alone * (4 - weight)) / 4);
}

TEST(GuidanceHooks, WhatComparesTheSidesDoesNothingAtCfgOne) {
  const GuidanceStep s = without_negative(some_step(1));
  for (const ModelHooks& hooks :
       {tangential_damping(), adaptive_projection({})(), frequency_scaling(0.5, 2, 3)}) {
    GuidanceStep got = s;
    hooks.before(got);
    EXPECT_TRUE(at::equal(got.positive, s.positive));
    EXPECT_FALSE(got.negative.defined());
  }
  for (const ModelHooks& hooks : {cfg_zero_star(), mahiro()}) {
    EXPECT_TRUE(at::equal(hooks.after(s), s.positive));
  }
}

}  // namespace
}  // namespace heddle::diffusion
