#include "nodes/diffusion/region.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/golden.h"

namespace heddle::diffusion {
namespace {

TEST(Region, SharesBecomeCellsOfTheLatent) {
  Region region;
  region.share = AreaShare{0.5, 0.001, 0.25, 0.5};
  EXPECT_EQ(fit_region(region, 16, 24).area, (Area{8, 1, 4, 12}));
}

TEST(Region, MasksAreResizedToTheLatent) {
  Region region;
  region.mask = at::ones({1, 64, 64});
  EXPECT_EQ(fit_region(region, 16, 24).mask.sizes(), (std::vector<int64_t>{1, 16, 24}));
}

TEST(Region, BoundsOfAMaskAreAtLeastEightCells) {
  Region region;
  region.area_is_mask_bounds = true;
  region.mask = at::zeros({2, 16, 24});
  EXPECT_EQ(fit_region(region, 16, 24).area, (Area{8, 8, 0, 0}));
  region.mask[0][3][5] = 0.5;
  region.mask[1][4][19] = -0.5;
  EXPECT_EQ(fit_region(region, 16, 24).area, (Area{8, 15, 3, 5}));
}

TEST(Region, AreasAreCutAtTheLatentsBorder) {
  EXPECT_EQ(clip_area({16, 16, 8, 8}, 16, 20), (Area{8, 12, 8, 8}));
  EXPECT_THROW(clip_area({8, 8, 16, 0}, 16, 20), std::runtime_error);
}

TEST(Region, InnerEdgesOfAnAreaFadeAndOuterOnesDoNot) {
  Region region;
  region.area = Area{1, 16, 0, 8};
  const at::Tensor weights = region_weights(region, *region.area, 1, 1, 32).flatten();
  const at::Tensor ramp = at::tensor({0.25f, 0.5f, 0.75f, 1.f});
  EXPECT_LE(test::max_difference(weights.narrow(0, 0, 4), ramp), 1e-6);
  EXPECT_LE(test::max_difference(weights.narrow(0, 12, 4), ramp.flip(0)), 1e-6);
  const at::Tensor at_border = region_weights(region, *region.area, 1, 1, 24).flatten();
  EXPECT_EQ(at_border[15].item<float>(), 1);
}

TEST(Region, AMaskTakesThePlaceOfFading) {
  Region region;
  region.mask = at::full({1, 16, 24}, 0.5f);
  region.mask_strength = 3;
  region.area = Area{8, 8, 4, 4};
  const at::Tensor weights = region_weights(region, *region.area, 2, 16, 24);
  EXPECT_TRUE(at::equal(weights, at::full({2, 1, 8, 8}, 1.5f)));
}

}  // namespace
}  // namespace heddle::diffusion
