#include "nodes/diffusion/samplers.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/nodes/diffusion/sampler_case.h"

namespace heddle::diffusion {
namespace {

using test::expect_cases;

TEST(Samplers, GiveTheReferencesResultsForEveryScheduleAndScale) {
  EXPECT_EQ(expect_cases("main_1"), 336);
  EXPECT_EQ(expect_cases("main_2"), 336);
}

TEST(Samplers, GiveTheReferencesResultsForFewStepsAndOtherPredictions) {
  EXPECT_EQ(expect_cases("edges"), 294);
}

TEST(Samplers, GiveTheReferencesResultsForOtherSettingsAndListsThatDoNotEndAtZero) {
  EXPECT_EQ(expect_cases("options"), 57);
}

TEST(Samplers, AreListedInComfyUisOrder) {
  const auto& names = sampler_names();
  ASSERT_EQ(names.size(), 42);
  EXPECT_EQ(names.front(), "euler");
  EXPECT_EQ(names.back(), "uni_pc_bh2");
}

TEST(Samplers, AnUnknownNameIsAnError) {
  EXPECT_THROW(sampler_named("eulr"), std::invalid_argument);
}

SamplerNoise zero_noise() {
  const auto zeros = [](const at::Tensor& like) { return at::zeros_like(like); };
  return {zeros, zeros, [](float, float) { return at::zeros({1, 1, 2, 2}); }};
}

at::Tensor walk(const Sampler& sampler, const Sigmas& sigmas) {
  const Denoiser model([](const at::Tensor& x, float, bool) -> Guess { return {x / 2, x / 3}; });
  return run_sampler(sampler, model, at::ones({1, 1, 2, 2}), sigmas, zero_noise(),
                     stable_diffusion_sampling(), {});
}

bool accepts(const Sampler& sampler, const Sigmas& sigmas) {
  try {
    check_levels(sampler, sigmas);
  } catch (const std::runtime_error&) {
    return false;
  }
  return true;
}

TEST(Samplers, GiveNumbersForAllLevelsThatTheyAccept) {
  const std::vector<Sigmas> lists{{14, 7, 3, 0},   {14, 3},          {14, 7, 7, 3, 1, 0.5f, 0},
                                  {3, 3, 1, 0},    {5, 3, 1, 1},     {0.1f, 0.5f, 3, 9, 14},
                                  {1, 2, 3, 3, 3.5f}, {2, 0},    {7}};
  for (const std::string& name : sampler_names()) {
    for (const Sigmas& sigmas : lists) {
      if (!accepts(sampler_named(name), sigmas)) continue;
      EXPECT_TRUE(at::isfinite(walk(sampler_named(name), sigmas)).all().item<bool>())
          << name << " from " << sigmas[0] << ", " << sigmas.size();
    }
  }
}

TEST(Samplers, RefuseLevelsThatCannotBeWalked) {
  const auto error_of = [](const char* name, const Sigmas& sigmas) -> std::string {
    try {
      check_levels(sampler_named(name), sigmas);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  };
  using ::testing::HasSubstr;
  EXPECT_THAT(error_of("euler", {3, NAN, 0}), HasSubstr("sigma 2 of 3 (nan) is not a number"));
  EXPECT_THAT(error_of("euler", {3, -1, 0}), HasSubstr("below 0"));
  EXPECT_THAT(error_of("euler", {0, 1, 3}), HasSubstr("only the last may be"));
  EXPECT_THAT(error_of("euler_ancestral", {1, 3}), HasSubstr("above the one before"));
  EXPECT_THAT(error_of("dpmpp_2m", {3, 2, 2, 0}), HasSubstr("the same as the one before"));
  EXPECT_EQ(error_of("euler", {1, 3}), "");
  EXPECT_EQ(error_of("euler_ancestral", {3, 2, 2, 0}), "");
}

TEST(Samplers, WalkTenThousandSteps) {
  const Sigmas sigmas = make_schedule("normal", stable_diffusion_sampling(), 10000);
  for (const char* name : {"euler", "lms", "dpmpp_2m", "uni_pc"}) {
    EXPECT_TRUE(at::isfinite(walk(sampler_named(name), sigmas)).all().item<bool>()) << name;
  }
}

TEST(Samplers, DpmAdaptiveSaysSoWhenItFindsNoStep) {
  Sampler sampler = sampler_named("dpm_adaptive");
  sampler.options.control.relative = sampler.options.control.absolute = 0;
  EXPECT_THROW(walk(sampler, {14, 1, 0}), std::runtime_error);
  sampler = sampler_named("dpm_adaptive");
  sampler.options.control.least_factor = 3;
  EXPECT_THROW(walk(sampler, {14, 1, 0}), std::runtime_error);
  sampler = sampler_named("dpm_adaptive");
  sampler.options.control.first_step = 0;
  EXPECT_THROW(walk(sampler, {14, 1, 0}), std::runtime_error);
}

// Data ~ N(0, s^2) has the perfect denoiser x s^2 / (s^2 + sigma^2), and the ODE's exact solution
// scales as sqrt(s^2 + sigma^2). In float64 down to a small sigma, as a last step to 0 would hide
// the order.
double error_at(std::string_view name, int steps) {
  constexpr double kSpread = 0.5, kHigh = 80, kLow = 0.02, kRho = 7;
  const double high = std::pow(kHigh, 1 / kRho), low = std::pow(kLow, 1 / kRho);
  Sigmas sigmas;
  for (int i = 0; i <= steps; ++i) {
    sigmas.push_back(float(std::pow(high + (low - high) * i / steps, kRho)));
  }
  const Denoiser perfect = [](const at::Tensor& x, float sigma) {
    return x * (kSpread * kSpread / (kSpread * kSpread + double(sigma) * double(sigma)));
  };
  const auto scale = [](double sigma) { return std::sqrt(kSpread * kSpread + sigma * sigma); };
  const at::Tensor start = at::full({1, 1, 1, 1}, scale(sigmas.front()), at::kDouble);
  const at::Tensor end = run_sampler(sampler_named(name), perfect, start, sigmas, {}, stable_diffusion_sampling(), {});
  return std::abs(end.item<double>() / scale(sigmas.back()) - 1);
}

TEST(Samplers, HalvingTheStepDividesTheErrorByTwoToTheOrder) {
  const std::vector<std::pair<std::string, int>> orders{
      {"euler", 1}, {"ddim", 1}, {"dpmpp_2m", 2}, {"heun", 2}, {"dpm_2", 2}};
  for (const auto& [name, order] : orders) {
    for (const int steps : {40, 80}) {
      const double ratio = error_at(name, steps) / error_at(name, 2 * steps);
      EXPECT_NEAR(ratio, std::pow(2, order), 0.12 * std::pow(2, order)) << name << ", " << steps;
    }
  }
}

}  // namespace
}  // namespace heddle::diffusion
