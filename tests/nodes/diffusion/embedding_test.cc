#include "nodes/diffusion/embedding.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

namespace heddle::diffusion {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const EmbeddingUse kUse{"clip_l", 4};

at::Tensor rows(std::vector<int64_t> shape, double value) { return at::full(shape, value); }

/// The value that the picked rows are filled with.
double picked(const NamedTensors& tensors) {
  const Embedding embedding = pick_embedding(tensors, "style", kUse);
  EXPECT_EQ(embedding.name, "style");
  EXPECT_TRUE(embedding.fits);
  return embedding.rows.mean().item<double>();
}

std::string reading_error(const NamedTensors& tensors) {
  try {
    pick_embedding(tensors, "style", kUse);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(Embedding, TheRulesGoFromTheMostToTheLeastSpecific) {
  const NamedTensors first{{"emb_params", rows({2, 4}, 1)}};
  NamedTensors bundle = first;
  bundle.push_back({"bundle_emb.x.clip_l", rows({1, 4}, 2)});
  NamedTensors trained_bundle = bundle;
  trained_bundle.push_back({"bundle_emb.x.string_to_param.*", rows({1, 4}, 3)});
  NamedTensors keyed = trained_bundle;
  keyed.push_back({"clip_l", rows({1, 4}, 4)});
  NamedTensors param = keyed;
  param.push_back({"string_to_param.*", rows({1, 4}, 5)});
  EXPECT_EQ(picked(first), 1);
  EXPECT_EQ(picked(bundle), 2);
  EXPECT_EQ(picked(trained_bundle), 3);
  EXPECT_EQ(picked(keyed), 4);
  EXPECT_EQ(picked(param), 5);
}

TEST(Embedding, TheOtherEncodersTensorIsNotTaken) {
  EXPECT_EQ(picked({{"clip_g", rows({3, 8}, 1)}, {"clip_l", rows({2, 4}, 2)}}), 2);
}

TEST(Embedding, OfAListAllTensorsOfTheRightWidthAreJoined) {
  const Embedding embedding = pick_embedding(
      {{"[0].a", rows({2, 4}, 1)}, {"[0].b", rows({1, 8}, 2)}, {"[1].a", rows({4}, 3)}}, "style",
      kUse);
  EXPECT_EQ(embedding.rows.sizes(), at::IntArrayRef({3, 4}));
  EXPECT_EQ(embedding.rows[2][0].item<double>(), 3);
  EXPECT_THAT(reading_error({{"[0].a", rows({2, 8}, 1)}}),
              AllOf(HasSubstr("\"style\""), HasSubstr("4 wide")));
}

TEST(Embedding, OneRowAndHalfPrecisionBecomeRowsOfFp32) {
  const Embedding embedding =
      pick_embedding({{"emb_params", rows({4}, 0.5).to(at::kHalf)}}, "style", kUse);
  EXPECT_EQ(embedding.rows.sizes(), at::IntArrayRef({1, 4}));
  EXPECT_EQ(embedding.rows.scalar_type(), at::kFloat);
}

TEST(Embedding, RowsThatAreNotNumbersAreAnError) {
  at::Tensor broken = rows({2, 4}, 1);
  broken[1][2] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(reading_error({{"emb_params", broken}}),
              AllOf(HasSubstr("\"style\""), HasSubstr("\"emb_params\" holds NaN or infinity")));
  EXPECT_THAT(reading_error({{"emb_params", rows({0, 4}, 1)}}), HasSubstr("\"emb_params\" is empty"));
}

TEST(Embedding, AnotherWidthIsMarked) {
  EXPECT_FALSE(pick_embedding({{"emb_params", rows({2, 8}, 1)}}, "style", kUse).fits);
}

TEST(Embedding, WhatCannotBeRowsIsAnErrorThatNamesTheTensor) {
  EXPECT_THAT(reading_error({}), AllOf(HasSubstr("\"style\""), HasSubstr("no tensors")));
  EXPECT_THAT(reading_error({{"emb_params", rows({2, 2, 4}, 1)}}),
              AllOf(HasSubstr("\"emb_params\""), HasSubstr("[2, 2, 4]")));
  EXPECT_THAT(reading_error({{"emb_params", rows({}, 1)}}), HasSubstr("[rows, width]"));
  EXPECT_THAT(reading_error({{"bundle_emb.a.clip_l", rows({1, 4}, 1)},
                        {"bundle_emb.b.clip_l", rows({1, 8}, 1)}}),
              HasSubstr("different widths"));
}

}  // namespace
}  // namespace heddle::diffusion
