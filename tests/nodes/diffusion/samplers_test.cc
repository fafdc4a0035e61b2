#include "nodes/diffusion/samplers.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/nodes/diffusion/sampler_case.h"

namespace heddle::diffusion {
namespace {

using testing::expect_cases;

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
  const std::vector<std::pair<std::string, int>> orders{{"euler", 1}, {"ddim", 1}, {"dpmpp_2m", 2}};
  for (const auto& [name, order] : orders) {
    for (const int steps : {40, 80}) {
      const double ratio = error_at(name, steps) / error_at(name, 2 * steps);
      EXPECT_NEAR(ratio, std::pow(2, order), 0.12 * std::pow(2, order)) << name << ", " << steps;
    }
  }
}

}  // namespace
}  // namespace heddle::diffusion
