#include "nodes/diffusion/tiles.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <utility>
#include <vector>

#include "tests/support/golden.h"

namespace heddle::diffusion {
namespace {

using ::testing::ElementsAre;
using test::max_difference;

using Size = std::pair<int64_t, int64_t>;

TEST(Tiles, ReachTheEndWithAShorterOne) {
  std::vector<Size> sizes;
  const at::Tensor x = at::rand({1, 2, 5, 11});
  const at::Tensor same = compute_tiled(x, {8, 4, 1}, 1, [&](const at::Tensor& tile) {
    sizes.emplace_back(tile.size(2), tile.size(3));
    return tile;
  });
  EXPECT_THAT(sizes, ElementsAre(Size{5, 4}, Size{5, 4}, Size{5, 4}, Size{5, 2}));
  EXPECT_LE(max_difference(same, x), 1e-6);
}

TEST(Tiles, WhatFitsInOneIsNotTiled) {
  const at::Tensor x = at::rand({1, 2, 4, 4});
  EXPECT_TRUE(
      at::equal(compute_tiled(x, {4, 4, 2}, 1, [](const at::Tensor& tile) { return tile; }), x));
}

TEST(Tiles, FadeIntoEachOther) {
  // Two tiles of 4 over 6 cells share two, whose weights there are 2/2, 1/2 and 1/2, 2/2.
  float value = 0;
  const at::Tensor mixed =
      compute_tiled(at::zeros({1, 1, 1, 6}), {1, 4, 2}, 1, [&](const at::Tensor& tile) {
        value += 3;
        return at::full_like(tile, value);
      });
  const std::vector<float> expected{3, 3, 4, 5, 6, 6};
  EXPECT_LE(max_difference(mixed.flatten(), at::tensor(at::ArrayRef<float>(expected))), 1e-6);
}

TEST(Tiles, MayBeScaled) {
  const at::Tensor x = at::rand({1, 1, 9, 6});
  const at::Tensor larger = compute_tiled(x, {4, 4, 1}, 8, [](const at::Tensor& tile) {
    return tile.repeat_interleave(8, 2).repeat_interleave(8, 3);
  });
  EXPECT_EQ(larger.sizes(), (at::IntArrayRef{1, 1, 72, 48}));
  EXPECT_LE(max_difference(larger, x.repeat_interleave(8, 2).repeat_interleave(8, 3)), 1e-6);
}

}  // namespace
}  // namespace heddle::diffusion
