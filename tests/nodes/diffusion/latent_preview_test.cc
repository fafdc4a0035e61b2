#include "nodes/diffusion/latent_preview.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace heddle::diffusion {
namespace {

at::Tensor one_cell(std::initializer_list<float> channels) {
  return at::tensor(at::ArrayRef<float>(channels)).reshape({1, 4, 1, 1});
}

void expect_colour(const at::Tensor& rgb, int red, int green, int blue) {
  EXPECT_EQ(rgb[0][0][0].item<int>(), red);
  EXPECT_EQ(rgb[0][0][1].item<int>(), green);
  EXPECT_EQ(rgb[0][0][2].item<int>(), blue);
}

TEST(LatentPreview, ZeroIsGreyAndSdxlHasATint) {
  expect_colour(preview_rgb(at::zeros({1, 4, 1, 1}), LatentKind::kStableDiffusion), 127, 127, 127);
  expect_colour(preview_rgb(at::zeros({1, 4, 1, 1}), LatentKind::kStableDiffusionXl), 141, 125,
                127);
}

TEST(LatentPreview, ColoursAreCutOffNotRounded) {
  // (1.3512 / 2, 1.2297 / 2, 1.3227 / 2) * 255 = (172.28, 156.79, 168.64)
  expect_colour(preview_rgb(one_cell({1, 0, 0, 0}), LatentKind::kStableDiffusion), 172, 156, 168);
}

TEST(LatentPreview, StaysInRangeAndShowsTheFirstPicture) {
  const at::Tensor latents = at::cat({one_cell({9, 9, 0, 0}), at::zeros({1, 4, 1, 1})});
  expect_colour(preview_rgb(latents, LatentKind::kStableDiffusion), 255, 255, 255);
  EXPECT_EQ(preview_rgb(at::zeros({2, 4, 5, 7}), LatentKind::kStableDiffusion).sizes(),
            (std::vector<int64_t>{5, 7, 3}));
}

}  // namespace
}  // namespace heddle::diffusion
