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
  EXPECT_EQ(expect_cases("main_1"), 48);
  EXPECT_EQ(expect_cases("main_2"), 16);
}

TEST(Samplers, GiveTheReferencesResultsForFewStepsAndOtherPredictions) {
  EXPECT_EQ(expect_cases("edges"), 24);
}

TEST(Samplers, StopAtTheLastLevelEvenIfItIsNotZero) { EXPECT_EQ(expect_cases("options"), 4); }

TEST(Samplers, AreListedInComfyUisOrder) {
  EXPECT_THAT(sampler_names(),
              ::testing::ElementsAre("euler", "euler_ancestral", "dpmpp_2m", "ddim"));
}

TEST(Samplers, AnUnknownNameIsAnError) {
  const Denoiser model = [](const at::Tensor& x, float) { return x; };
  EXPECT_THROW(run_sampler("eulr", model, at::zeros({1, 4, 2, 2}), {1, 0}, {}, {}),
               std::invalid_argument);
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
  const at::Tensor end = run_sampler(name, perfect, start, sigmas, {}, {});
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
