#include "nodes/weights/lora.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/nodes/weights/model_files.h"

namespace heddle::weights {
namespace {

using test::error_of;
using ::testing::HasSubstr;

Patch patch_of(at::Tensor up, at::Tensor down, std::optional<double> alpha, double strength) {
  return {.change = LowRank{std::move(up), std::move(down), {}, {}},
          .strength = strength,
          .alpha = alpha,
          .source = "ink.safetensors: \"x\""};
}

TEST(Lora, AddsStrengthTimesAlphaOverRankTimesTheProduct) {
  const at::Tensor up = at::tensor({1.0f, 2.0f, 3.0f, 4.0f}).reshape({2, 2});
  const at::Tensor down = at::tensor({5.0f, 6.0f, 7.0f, 8.0f}).reshape({2, 2});
  const at::Tensor weight = at::ones({2, 2});
  const at::Tensor patched = apply_patches(weight, {patch_of(up, down, 1.0, 0.5)});
  EXPECT_TRUE(at::equal(patched, at::tensor({5.75f, 6.5f, 11.75f, 13.5f}).reshape({2, 2})));
  EXPECT_TRUE(at::equal(weight, at::ones({2, 2})));
}

TEST(Lora, WithoutAlphaTheScaleIsOne) {
  const at::Tensor patched = apply_patches(
      at::zeros({1, 1}), {patch_of(at::ones({1, 4}), at::ones({4, 1}), std::nullopt, 1)});
  EXPECT_EQ(patched.item<float>(), 4.0f);
}

TEST(Lora, StrengthZeroChangesNoBit) {
  const at::Tensor weight = at::full({1, 1}, -0.0f);
  const at::Tensor infinite = at::full({1, 1}, INFINITY);
  const at::Tensor patched = apply_patches(weight, {patch_of(infinite, infinite, std::nullopt, 0)});
  EXPECT_TRUE(std::signbit(patched.item<float>()));
}

TEST(Lora, AConvolutionsKernelLiesInDown) {
  const at::Tensor down = at::rand({2, 3, 3, 3});
  const at::Tensor up = at::rand({4, 2, 1, 1});
  const at::Tensor expected = at::einsum("or,rikl->oikl", {up.flatten(1), down});
  const at::Tensor patched =
      apply_patches(at::zeros({4, 3, 3, 3}), {patch_of(up, down, std::nullopt, 1)});
  EXPECT_TRUE(at::allclose(patched, expected));
}

TEST(Lora, AMidTensorCarriesTheKernel) {
  const LowRank change{at::rand({4, 2, 1, 1}), at::rand({5, 3, 1, 1}), at::rand({2, 5, 3, 3}), {}};
  const Patch patch{.change = change};
  const at::Tensor expected =
      at::einsum("po,oikl,ic->pckl", {change.up.flatten(1), change.mid, change.down.flatten(1)});
  EXPECT_TRUE(at::allclose(apply_patches(at::zeros({4, 3, 3, 3}), {patch}), expected));
}

TEST(Lora, ADifferenceOfAnotherShapeIsReshaped) {
  const at::Tensor patched =
      apply_patches(at::zeros({2, 3, 1, 1}),
                    {patch_of(at::ones({3, 1}), at::arange(2).reshape({1, 2}), std::nullopt, 1)});
  EXPECT_TRUE(at::equal(patched.flatten(), at::tensor({0.0f, 1.0f, 0.0f, 1.0f, 0.0f, 1.0f})));
}

TEST(Lora, AWrongSizeIsAnErrorWithKeyAndShapes) {
  const auto apply = [] {
    apply_patches(at::zeros({3, 3}),
                  {patch_of(at::ones({2, 1}), at::ones({1, 2}), std::nullopt, 1)});
  };
  EXPECT_EQ(error_of(apply),
            "ink.safetensors: \"x\": [2, 1] x [1, 2] does not fit a weight of [3, 3]");
}

TEST(Lora, ChainsKeepTheOrderOfTheLoaders) {
  Patches first, second;
  first["w"] = {patch_of(at::ones({1, 1}), at::ones({1, 1}), 1.0, 1)};
  second["w"] = first["w"];
  second["v"] = first["w"];
  const auto one = with_patches(nullptr, first, 0.5);
  const auto both = with_patches(one, second, -2);
  ASSERT_EQ(both->at("w").size(), 2u);
  EXPECT_EQ(both->at("w")[0].strength, 0.5);
  EXPECT_EQ(both->at("w")[1].strength, -2);
  EXPECT_EQ(both->at("v")[0].strength, -2);
  EXPECT_EQ(one->at("w").size(), 1u);
}

}  // namespace
}  // namespace heddle::weights
