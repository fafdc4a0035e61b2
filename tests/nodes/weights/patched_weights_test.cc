#include "nodes/weights/patched_weights.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/weights/shared_weights.h"
#include "tests/nodes/weights/model_files.h"

namespace heddle::weights {
namespace {

using at::Tensor;

Patch low_rank(int64_t out, int64_t in, int64_t rank, double strength = 1) {
  return {.change = LowRank{at::ones({out, rank}), at::ones({rank, in}), {}, {}},
          .strength = strength};
}

TEST(Placement, SmallRanksGoBesideAndLargeOnesAreMerged) {
  const auto beside = [](const std::vector<Patch>& patches, std::vector<int64_t> weight,
                         Placement placement = Placement::kBySize) {
    return goes_beside(patches, weight, placement);
  };
  EXPECT_TRUE(beside({low_rank(320, 320, 40)}, {320, 320}));  // a quarter
  EXPECT_FALSE(beside({low_rank(320, 320, 41)}, {320, 320}));
  EXPECT_FALSE(beside({low_rank(320, 320, 21), low_rank(320, 320, 20)}, {320, 320}));
  EXPECT_TRUE(beside({low_rank(320, 320, 21), low_rank(320, 320, 20, 0)}, {320, 320}));
  EXPECT_TRUE(beside({low_rank(320, 320, 41)}, {320, 320}, Placement::kBeside));
  EXPECT_FALSE(beside({low_rank(320, 320, 1)}, {320, 320}, Placement::kMerged));
}

TEST(Placement, OnlyPlainLowRanksGoBeside) {
  const std::vector<int64_t> weight{320, 320};
  const Patch plain = low_rank(320, 320, 4);
  Patch dora = plain;
  dora.dora_scale = at::ones({320, 1});
  const Patch difference{.change = Difference{at::ones({320, 320})}};
  EXPECT_FALSE(goes_beside({dora}, weight, Placement::kBeside));
  EXPECT_FALSE(goes_beside({plain, difference}, weight, Placement::kBeside));
  EXPECT_FALSE(goes_beside({low_rank(160, 640, 4)}, weight, Placement::kBeside));  // reshaped
  EXPECT_FALSE(goes_beside({low_rank(320, 1, 1)}, {320}, Placement::kBeside));
  const Patch mid{.change =
                      LowRank{at::ones({32, 4}), at::ones({4, 32}), at::ones({4, 4, 3, 3}), {}}};
  EXPECT_FALSE(goes_beside({mid}, {32, 32, 3, 3}, Placement::kBeside));
}

class PatchedWeightsTest : public ::testing::Test {
 protected:
  std::shared_ptr<const diffusion::Weights> base_ =
      shared_weights(std::make_shared<heddle::test::MapWeights>(
          heddle::test::Tensors{{"a.weight", at::ones({64, 64})}, {"b.weight", at::ones({8})}},
          ""));
  std::shared_ptr<const diffusion::Weights> patched(const Patches& patches, Rounding rounding = Rounding::kNone) {
    return patched_weights(base_, std::make_shared<const Patches>(patches), rounding,
                           Placement::kBySize);
  }
};

TEST_F(PatchedWeightsTest, BesideLeavesTheTensorOfTheBase) {
  Patch patch = low_rank(64, 64, 2, 0.5);
  patch.alpha = 4;
  const auto weights = patched({{"a.weight", {patch}}});
  const Tensor base = base_->get("a.weight");
  EXPECT_EQ(weights->get("a.weight").data_ptr(), base.data_ptr());
  const auto terms = weights->beside("a.weight");
  ASSERT_EQ(terms.size(), 1u);
  EXPECT_EQ(terms[0].scale, 1);  // 0.5 * 4 / 2
  const auto& change = std::get<LowRank>(patch.change);
  EXPECT_EQ(terms[0].up.data_ptr(), change.up.data_ptr());  // not copied
  EXPECT_EQ(added_bytes(*base_, {{"a.weight", {patch}}}, Placement::kBySize), 2 * 2 * 64 * 4u);
}

TEST_F(PatchedWeightsTest, MergedHasATensorOfItsOwn) {
  const Patch large = low_rank(64, 64, 32);
  const auto weights = patched({{"a.weight", {large}}});
  EXPECT_EQ(weights->get("a.weight")[0][0].item<float>(), 33);
  EXPECT_TRUE(weights->beside("a.weight").empty());
  EXPECT_EQ(base_->get("a.weight")[0][0].item<float>(), 1);
  EXPECT_EQ(added_bytes(*base_, {{"a.weight", {large}}}, Placement::kBySize),
            (2 * 32 * 64 + 64 * 64) * 4u);
}

TEST_F(PatchedWeightsTest, WhatIsMergedIsRoundedToFp16WhereThatIsAsked) {
  const Patches patches{{"b.weight", {{.change = Difference{at::full({8}, 0.0004f)}}}}};
  EXPECT_EQ(patched(patches, Rounding::kFp16)->get("b.weight")[0].item<float>(), 1.0f);
  EXPECT_FLOAT_EQ(patched(patches, Rounding::kNone)->get("b.weight")[0].item<float>(), 1.0004f);
}

TEST_F(PatchedWeightsTest, APatchWithoutEffectIsNone) {
  const auto weights = patched({{"a.weight", {low_rank(64, 64, 32, 0)}}});
  EXPECT_EQ(weights->get("a.weight").data_ptr(), base_->get("a.weight").data_ptr());
  EXPECT_TRUE(weights->beside("a.weight").empty());
  EXPECT_EQ(with_patches(nullptr, {{"a.weight", {low_rank(64, 64, 2)}}}, 0), nullptr);
}

// Counts how often it is read.
class CountingWeights final : public diffusion::Weights {
 public:
  std::optional<diffusion::Shape> shape(const std::string&) const override {
    return diffusion::Shape{2, 3};
  }
  Tensor get(const std::string&) const override { return at::full({2, 3}, float(++reads)); }
  std::vector<std::string> names() const override { return {"x"}; }
  mutable int reads = 0;
};

TEST(SharedWeights, ATensorIsReadOnceWhileAnybodyHoldsItOrAViewOfIt) {
  const auto base = std::make_shared<CountingWeights>();
  const auto shared = shared_weights(base);
  Tensor first = shared->get("x");
  Tensor view = first.reshape({-1}).view({3, 2});
  EXPECT_EQ(shared->get("x").data_ptr(), first.data_ptr());
  first.reset();
  const Tensor again = shared->get("x");
  EXPECT_EQ(again.data_ptr(), view.data_ptr());
  EXPECT_EQ(again.sizes(), (std::vector<int64_t>{2, 3}));
  EXPECT_TRUE(again.is_contiguous());
  EXPECT_EQ(base->reads, 1);
}

TEST(SharedWeights, NothingIsKeptBeyondThat) {
  const auto base = std::make_shared<CountingWeights>();
  const auto shared = shared_weights(base);
  shared->get("x");
  EXPECT_EQ(shared->get("x")[0][0].item<float>(), 2);
}

}  // namespace
}  // namespace heddle::weights
