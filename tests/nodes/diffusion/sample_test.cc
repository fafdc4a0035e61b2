#include "nodes/diffusion/sample.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/nodes/diffusion/sampler_case.h"

namespace heddle::diffusion {
namespace {

using ::testing::HasSubstr;

const Denoiser kHalve = [](const at::Tensor& x, float) { return x / 2; };

SampleRequest small_request() {
  SampleRequest request;
  request.sampler = sampler_named("euler");
  request.sigmas = make_schedule("normal", stable_diffusion_sampling(), 4);
  request.latent = at::zeros({1, 4, 4, 4});
  return request;
}

std::string sampling_error(const SampleRequest& request, const Denoiser& denoiser) {
  try {
    sample(request, stable_diffusion_sampling(), denoiser, {});
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Sample, GivesTheReferencesResultsForLatentsRangesAndMasks) {
  EXPECT_EQ(test::expect_cases("latents"), 309);
}

TEST(Sample, WithoutAStepToRunGivesTheLatentBack) {
  SampleRequest request = small_request();
  request.latent = at::rand({1, 4, 4, 4});
  request.sigmas = {};
  const SampleResult result = sample(request, stable_diffusion_sampling(), kHalve, {});
  EXPECT_TRUE(at::equal(result.latent, request.latent));
  EXPECT_TRUE(at::equal(result.denoised, request.latent));
}

TEST(Sample, AnEmptyLatentFitsAModelWithOtherChannels) {
  SampleRequest request = small_request();
  request.model_channels = 16;
  EXPECT_EQ(sample(request, stable_diffusion_sampling(), kHalve, {}).latent.size(1), 16);
}

TEST(Sample, APictureWithTheWrongChannelsIsAnErrorInWords) {
  SampleRequest request = small_request();
  request.model_channels = 16;
  request.latent = at::ones({1, 4, 4, 4});
  EXPECT_THAT(sampling_error(request, kHalve),
              HasSubstr("the latent has 4 channels but the model samples 16"));
}

TEST(Sample, NumbersThatBreakDownAreAnErrorThatNamesTheStep) {
  int calls = 0;
  const Denoiser breaks = [&](const at::Tensor& x, float) {
    return ++calls == 3 ? x * std::numeric_limits<float>::infinity() : x / 2;
  };
  EXPECT_THAT(sampling_error(small_request(), breaks), HasSubstr("NaN or infinity at step 3 of 4"));
}

TEST(Sample, ALatentWithNaNIsAnErrorBeforeTheFirstStep) {
  SampleRequest request = small_request();
  request.latent[0][1][2][3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(sampling_error(request, kHalve), HasSubstr("the latent to start from holds NaN"));
}

TEST(Sample, APictureOutOfABatchIsTheSameAlone) {
  SampleRequest request = small_request();
  request.latent = at::zeros({3, 4, 4, 4});
  request.batch_index = {0, 1, 2};
  const at::Tensor batch = sample(request, stable_diffusion_sampling(), kHalve, {}).latent;
  request.latent = at::zeros({1, 4, 4, 4});
  request.batch_index = {2};
  const at::Tensor alone = sample(request, stable_diffusion_sampling(), kHalve, {}).latent;
  EXPECT_TRUE(at::equal(alone[0], batch[2]));
}

TEST(Sample, ReportsEveryStepWithItsGuess) {
  std::vector<std::pair<int, int>> steps;
  const StepReport report = [&](int step, int count, const at::Tensor& denoised) {
    EXPECT_EQ(denoised.sizes(), (std::vector<int64_t>{1, 4, 4, 4}));
    steps.emplace_back(step, count);
  };
  sample(small_request(), stable_diffusion_sampling(), kHalve, report);
  EXPECT_THAT(steps, ::testing::ElementsAre(std::pair(0, 4), std::pair(1, 4), std::pair(2, 4),
                                            std::pair(3, 4)));
}

TEST(Sample, AnErrorOfTheModelPassesThrough) {
  const Denoiser stopped = [](const at::Tensor&, float) -> at::Tensor {
    throw std::domain_error("stop");
  };
  EXPECT_THROW(sample(small_request(), stable_diffusion_sampling(), stopped, {}),
               std::domain_error);
}

}  // namespace
}  // namespace heddle::diffusion
