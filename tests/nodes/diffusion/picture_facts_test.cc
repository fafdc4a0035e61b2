#include "nodes/diffusion/picture_facts.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/golden.h"

namespace heddle::diffusion {
namespace {

const std::vector<int64_t> kLatentShape{1, 4, 96, 128};
const at::Tensor kPooled = at::full({1, 1280}, 0.5f);

/// Fact k of a vector, back from the first cosine and sine: exact for values up to pi.
float angle(const at::Tensor& y, int64_t k, int64_t frequency) {
  const int64_t at = kPooled.size(1) + 256 * k + frequency;
  return std::atan2(y[0][at + 128].item<float>(), y[0][at].item<float>());
}

TEST(PictureFacts, ANetworkWithoutAVectorGetsNone) {
  EXPECT_FALSE(vector_conditioning(kPooled, {}, true, kLatentShape, 0).defined());
}

TEST(PictureFacts, SdxlIsToldSixSizesThatDefaultToTheLatents) {
  const at::Tensor y = vector_conditioning(kPooled, {}, true, kLatentShape, 2816);
  ASSERT_EQ(y.sizes(), (std::vector<int64_t>{1, 2816}));
  EXPECT_TRUE(at::equal(y.narrow(1, 0, 1280), kPooled));
  const double slowest = std::exp(-std::log(10000.0) * 127 / 128);
  const std::vector<double> expected{768, 1024, 0, 0, 768, 1024};
  for (int64_t k = 0; k < 6; ++k) {
    EXPECT_NEAR(angle(y, k, 127), expected[size_t(k)] * slowest, 1e-6) << "fact " << k;
    EXPECT_NEAR(angle(y, k, 0), std::remainder(expected[size_t(k)], 2 * M_PI), 1e-4)
        << "fact " << k;
  }
}

TEST(PictureFacts, TheTargetFollowsTheSizeThatIsGiven) {
  PictureFacts facts;
  facts.height = 2;
  facts.width = 3;
  facts.crop_y = 0.5;
  facts.crop_x = 0.25;
  const at::Tensor y = vector_conditioning(kPooled, facts, true, kLatentShape, 2816);
  const std::vector<double> expected{2, 3, 0.5, 0.25, 2, 3};
  for (int64_t k = 0; k < 6; ++k) EXPECT_NEAR(angle(y, k, 0), expected[size_t(k)], 1e-6);
}

TEST(PictureFacts, TheRefinersScoreDependsOnTheSide) {
  const auto score = [](bool positive) {
    const at::Tensor y = vector_conditioning(kPooled, {}, positive, kLatentShape, 2560);
    return angle(y, 4, 1) / std::exp(-std::log(10000.0) / 128);
  };
  EXPECT_NEAR(score(true), 6 - 2 * M_PI / std::exp(-std::log(10000.0) / 128), 1e-4);
  EXPECT_NEAR(score(false), 2.5, 1e-5);
}

TEST(PictureFacts, APromptOfAnotherModelIsAnErrorInWords) {
  try {
    vector_conditioning(at::zeros({1, 768}), {}, true, kLatentShape, 2816);
    FAIL() << "accepted";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(),
                ::testing::HasSubstr("encode the prompt with the CLIP of this model"));
  }
  EXPECT_THROW(vector_conditioning({}, {}, true, kLatentShape, 2816), std::runtime_error);
}

}  // namespace
}  // namespace heddle::diffusion
