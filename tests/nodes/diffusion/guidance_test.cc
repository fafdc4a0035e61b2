#include "nodes/diffusion/guidance.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/golden.h"

namespace heddle::diffusion {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using test::max_difference;

// The first value of an entry's context names it.
ConditioningEntry entry(float name, int64_t tokens = 1) {
  ConditioningEntry result;
  result.cross_attention = at::full({1, tokens, 2}, name);
  return result;
}

/// A network whose guess D is the name of the entry: at sigma 1, D = x - output.
struct FakeNetwork {
  std::vector<std::string> calls;  // names in order of their rows, then the number of tokens
  std::vector<std::vector<int64_t>> sizes;

  Predict predict() {
    return [this](const at::Tensor& x, const at::Tensor&, const at::Tensor& context,
                  const at::Tensor&) {
      std::string call;
      for (int64_t row = 0; row < context.size(0); ++row) {
        call += std::to_string(int(context[row][0][0].item<float>())) + " ";
      }
      calls.push_back(call + "x" + std::to_string(context.size(1)));
      sizes.push_back(x.sizes().vec());
      // D = x0 - output * 1 where x0 = x * sqrt(2) undoes the input scaling.
      return x * std::sqrt(2.f) - context.select(1, 0).select(1, 0).reshape({-1, 1, 1, 1});
    };
  }
};

at::Tensor guess(FakeNetwork& network, Guidance guidance, const at::Tensor& x, float sigma = 1) {
  return guided_denoiser(network.predict(), stable_diffusion_sampling(), std::move(guidance), {})(
      x, sigma);
}

const at::Tensor kLatent = at::ones({1, 4, 16, 24});

TEST(Guidance, MovesAwayFromTheNegativeByTheScale) {
  FakeNetwork network;
  const at::Tensor d = guess(network, {{entry(3)}, {entry(1)}, 5}, kLatent);
  EXPECT_LE(max_difference(d, at::full_like(kLatent, 11)), 1e-5);  // 1 + (3 - 1) * 5
}

TEST(Guidance, RunsBothSidesAsOneBatchNegativeFirst) {
  FakeNetwork network;
  guess(network, {{entry(3)}, {entry(1)}, 5}, at::ones({2, 4, 4, 4}));
  EXPECT_THAT(network.calls, ElementsAre("1 1 3 3 x1"));
}

TEST(Guidance, AtScaleOneTheNegativeIsNotComputed) {
  FakeNetwork network;
  const at::Tensor d = guess(network, {{entry(3)}, {entry(1)}, 1 + 1e-10}, kLatent);
  EXPECT_THAT(network.calls, ElementsAre("3 x1"));
  EXPECT_LE(max_difference(d, at::full_like(kLatent, 3)), 1e-5);
  guess(network, {{entry(3)}, {entry(1)}, 1 + 1e-8}, kLatent);
  EXPECT_EQ(network.calls.back(), "1 3 x1");
}

TEST(Guidance, ContextsAreRepeatedToACommonLengthUpToFourTimes) {
  FakeNetwork network;
  guess(network, {{entry(3, 154)}, {entry(1, 77)}, 5}, kLatent);
  EXPECT_THAT(network.calls, ElementsAre("1 3 x154"));
  network.calls.clear();
  guess(network, {{entry(3, 385)}, {entry(1, 77)}, 5}, kLatent);
  EXPECT_THAT(network.calls, ElementsAre("3 x385", "1 x77"));
}

TEST(Guidance, EntriesOfOneSideAreWeighedByTheirStrength) {
  FakeNetwork network;
  ConditioningEntry strong = entry(7);
  strong.strength = 3;
  const at::Tensor d = guess(network, {{entry(3), strong}, {entry(1)}, 1}, kLatent);
  EXPECT_LE(max_difference(d, at::full_like(kLatent, 6)), 1e-5);  // (3 + 7 * 3) / 4
}

TEST(Guidance, AnEntryCountsOnlyInItsPartOfTheSchedule) {
  FakeNetwork network;
  ConditioningEntry early = entry(3), late = entry(7);
  early.end_percent = 0.5;
  late.start_percent = 0.5;
  const ModelSampling sampling = stable_diffusion_sampling();
  const Denoiser model = guided_denoiser(network.predict(), sampling, {{early, late}, {}, 1}, {});
  const float half = sampling.percent_to_sigma(0.5);
  for (const float sigma : {14.f, half, 0.1f}) model(kLatent, sigma);
  EXPECT_THAT(network.calls, ElementsAre("3 x1", "7 3 x1", "7 x1"));
}

TEST(Guidance, AMaskedEntryCountsOnlyWhereTheMaskIs) {
  FakeNetwork network;
  ConditioningEntry masked = entry(7);
  masked.region.mask = at::zeros({1, 16, 24});
  masked.region.mask.narrow(2, 0, 12).fill_(1);
  masked.region.mask_strength = 3;
  const at::Tensor d = guess(network, {{entry(3), masked}, {}, 1}, kLatent);
  EXPECT_LE(max_difference(d.narrow(3, 0, 12), at::full({1, 4, 16, 12}, 6)), 1e-5);
  EXPECT_LE(max_difference(d.narrow(3, 12, 12), at::full({1, 4, 16, 12}, 3)), 1e-5);
}

TEST(Guidance, AnAreaIsComputedAloneAndForTheOtherSideToo) {
  FakeNetwork network;
  ConditioningEntry part = entry(7);
  part.region.area = Area{8, 12, 4, 6};
  guess(network, {{entry(3), part}, {entry(1)}, 5}, kLatent);
  EXPECT_THAT(network.calls, ElementsAre("1 3 x1", "1 7 x1"));
  EXPECT_THAT(network.sizes[1], ElementsAre(2, 4, 8, 12));
}

TEST(Guidance, AnAreaOutsideOfTheLatentIsAnErrorInWords) {
  FakeNetwork network;
  ConditioningEntry part = entry(7);
  part.region.area = Area{8, 8, 0, 24};
  try {
    guess(network, {{part}, {entry(1)}, 5}, kLatent);
    FAIL() << "accepted";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("8x8 cells at (24, 0), lies outside of the latent of 24x16 cells"));
  }
}

TEST(Guidance, GivesTheNetworkScaledInputAndTimestep) {
  const ModelSampling sampling = stable_diffusion_sampling();
  at::Tensor seen, time;
  const Predict predict = [&](const at::Tensor& x, const at::Tensor& timesteps, const at::Tensor&,
                              const at::Tensor&) {
    seen = x;
    time = timesteps;
    return x;
  };
  guided_denoiser(predict, sampling, {{entry(3)}, {entry(1)}, 5}, {})(kLatent,
                                                                      sampling.sigmas[250]);
  EXPECT_TRUE(at::equal(time, at::full({2}, 250.f)));
  EXPECT_TRUE(
      at::equal(seen, sampling.scale_input(at::ones({2, 4, 16, 24}), sampling.sigmas[250])));
}

TEST(Guidance, TheHeartbeatComesBeforeEveryCallAndMayStopIt) {
  FakeNetwork network;
  const auto stop = [] { throw std::domain_error("stop"); };
  const Denoiser model = guided_denoiser(network.predict(), stable_diffusion_sampling(),
                                         {{entry(3)}, {entry(1)}, 5}, stop);
  EXPECT_THROW(model(kLatent, 1), std::domain_error);
  EXPECT_TRUE(network.calls.empty());
}

TEST(Guidance, ContextsOfABatchStayTheSameTensorFromStepToStep) {
  std::vector<const void*> contexts;
  const Predict predict = [&](const at::Tensor& x, const at::Tensor&, const at::Tensor& context,
                              const at::Tensor&) {
    contexts.push_back(context.const_data_ptr());
    return x;
  };
  const Denoiser model =
      guided_denoiser(predict, stable_diffusion_sampling(), {{entry(3)}, {entry(1)}, 5}, {});
  model(kLatent, 2);
  model(kLatent, 1);
  EXPECT_EQ(contexts[0], contexts[1]);
}

TEST(Guidance, PooledVectorsComeInTheOrderOfTheBatch) {
  at::Tensor seen;
  const Predict predict = [&](const at::Tensor& x, const at::Tensor&, const at::Tensor&,
                              const at::Tensor& y) {
    seen = y;
    return x;
  };
  ConditioningEntry positive = entry(3), negative = entry(1);
  positive.pooled = at::full({1, 2}, 30.f);
  negative.pooled = at::full({1, 2}, 10.f);
  guided_denoiser(predict, stable_diffusion_sampling(), {{positive}, {negative}, 5, 2}, {})(kLatent,
                                                                                            1);
  EXPECT_TRUE(at::equal(seen, at::tensor({10.f, 10.f, 30.f, 30.f}).reshape({2, 2})));
}

}  // namespace
}  // namespace heddle::diffusion
