#include "nodes/diffusion/composite.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace heddle::diffusion {
namespace {

TEST(Composite, ShowsTheSourceAsFarAsItOverlaps) {
  const at::Tensor below = at::zeros({2, 1, 3, 3}), above = at::ones({1, 1, 2, 2});
  EXPECT_EQ(composite(below, above, {2, 1}, {}).sum().item<float>(), 2 * 2);
  EXPECT_EQ(composite(below, above, {-1, -1}, {}).sum().item<float>(), 2 * 1);
  EXPECT_EQ(composite(below, above, {3, 0}, {}).sum().item<float>(), 0);
  EXPECT_EQ(composite(below, above, {0, -9}, {}).sum().item<float>(), 0);
  EXPECT_EQ(below.sum().item<float>(), 0);  // untouched
}

TEST(Composite, MasksAreResizedToTheSourceAndCutWithIt) {
  at::Tensor mask = at::zeros({1, 1, 1, 2});
  mask[0][0][0][1] = 1;  // the right half
  const at::Tensor below = at::zeros({1, 1, 2, 4}), above = at::ones({1, 1, 2, 4});
  EXPECT_EQ(composite(below, above, {0, 0}, mask)[0][0][0][3].item<float>(), 1);
  EXPECT_EQ(composite(below, above, {2, 0}, mask)[0][0][0][2].item<float>(), 0);
}

TEST(Composite, FeathersOnlyEdgesThatAreInside) {
  const at::Tensor inside = feathered_mask(4, 4, {1, 0}, 4, 9, 2);
  EXPECT_EQ(inside[0][0][0][0].item<float>(), 0.5);
  EXPECT_EQ(inside[0][0][0][1].item<float>(), 1);
  EXPECT_EQ(inside[0][0][3][3].item<float>(), 0.5);
  EXPECT_EQ(feathered_mask(4, 4, {0, 0}, 4, 4, 2).min().item<float>(), 1);
  EXPECT_EQ(feathered_mask(1, 1, {1, 1}, 9, 9, 8).numel(), 1);  // more feather than there are cells
}

}  // namespace
}  // namespace heddle::diffusion
