// Against Pillow 13: tests/golden/quantize.
#include "nodes/diffusion/quantize.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "nodes/diffusion/median_cut.h"
#include "tests/support/golden.h"

namespace heddle::diffusion {
namespace {

using ::testing::ElementsAre;

TEST(Quantize, GivesThePixelsOfPillow) {
  const auto golden = test::golden_tensors("quantize/quantize.safetensors");
  const at::Tensor picture = golden.at("picture").to(at::kFloat) / 255;
  int compared = 0;
  for (const auto& [name, expected] : golden) {
    const size_t slash = name.find('/');
    if (slash == name.npos) continue;
    SCOPED_TRACE(name);
    const at::Tensor got =
        quantize(picture, std::stoi(name.substr(slash + 1)), name.substr(0, slash), {});
    EXPECT_TRUE(at::equal((got * 255).round().to(at::kByte), expected));
    ++compared;
  }
  EXPECT_EQ(compared, 30);
}

TEST(Quantize, ValuesOutsideOfThePictureAreCut) {
  const at::Tensor odd = at::tensor({2.f, -1.f, 0.5f}).reshape({1, 1, 3});
  EXPECT_LE(test::max_difference(quantize(odd, 4, "none", {}).flatten() * 255,
                                    at::tensor({255.f, 0.f, 127.f})),
            1e-4);
  EXPECT_THROW(quantize(odd, 4, "bayer-3", {}), std::invalid_argument);
}

TEST(MedianCut, OneColourStaysOne) {
  EXPECT_THAT(median_cut(std::vector<Rgb>(9, Rgb{1, 2, 3}), 16), ElementsAre(Rgb{1, 2, 3}));
}

TEST(MedianCut, MoreColoursThanItCountsAreTakenTogether) {
  std::vector<Rgb> pixels;
  for (int k = 0; k < 1 << 17; ++k)
    pixels.push_back({uint8_t(k), uint8_t(k >> 8), uint8_t(k >> 16)});
  EXPECT_EQ(median_cut(pixels, 256).size(), 256u);
}

}  // namespace
}  // namespace heddle::diffusion
