// Pictures resized, cut, joined, filtered and blended.
#include <gmock/gmock.h>

#include "tests/nodes/run_node.h"
#include "tests/support/golden.h"

namespace heddle {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using test::counted;
using test::image;
using test::literal;
using test::mask;
using test::max_difference;
using test::row;
using test::run_node;

using Shape = at::IntArrayRef;

TEST(ImageSizes, ScaleByFactorTotalAndLongerSide) {
  const at::Tensor wide = at::rand({1, 30, 50, 3});
  EXPECT_EQ(run_node("ImageScaleBy", {{"image", image(wide)}, {"scale_by", literal(0.49)}}).pixels().sizes(),
            (Shape{1, 15, 24, 3}));
  EXPECT_EQ(run_node("ImageScaleBy", {{"image", image(wide)}, {"scale_by", literal(0.01)}}).pixels().sizes(),
            (Shape{1, 1, 1, 3}));
  EXPECT_EQ(run_node("ImageScaleToTotalPixels", {{"image", image(wide)}, {"megapixels", literal(0.01)}}).pixels().sizes(),
            (Shape{1, 79, 132, 3}));
  EXPECT_EQ(run_node("ImageScaleToMaxDimension", {{"image", image(wide)}, {"largest_size", literal(10)}}).pixels().sizes(),
            (Shape{1, 6, 10, 3}));
  EXPECT_THAT(([&] { run_node("ImageScaleToMaxDimension", {{"image", image(wide)}, {"largest_size", literal(0)}}); }),
              ThrowsMessage<std::runtime_error>(HasSubstr("largest_size is 0")));
  EXPECT_THAT(([&] { run_node("ImageScaleBy", {{"image", image(at::zeros({0, 8, 8, 3}))}}); }),
              ThrowsMessage<std::runtime_error>(HasSubstr("image is an empty picture")));
}

TEST(ImageSizes, PaddingFillsTheShape) {
  const at::Tensor padded = run_node("ResizeAndPadImage", {{"image", image(at::full({1, 2, 4, 3}, 0.5))},
                                                           {"target_width", literal(8)}, {"target_height", literal(9)}}).pixels();
  EXPECT_EQ(padded.sizes(), (Shape{1, 9, 8, 3}));
  EXPECT_TRUE(at::equal(padded.select(3, 0).select(2, 0)[0], row({1, 1, 0.5, 0.5, 0.5, 0.5, 1, 1, 1})));
}

TEST(ImageSizes, AreTold) {
  const auto size = run_node("GetImageSize", {{"image", image(at::zeros({5, 3, 4, 3}))}});
  EXPECT_EQ(size.get<int64_t>(0), 4);
  EXPECT_EQ(size.get<int64_t>(1), 3);
  EXPECT_EQ(size.get<int64_t>(2), 5);
}

TEST(ImageBatches, AreTakenApartAndRepeated) {
  const at::Tensor three = counted({3, 1, 1, 1});
  const auto taken = [&](int first, int length) {
    return run_node("ImageFromBatch", {{"image", image(three)}, {"batch_index", literal(first)}, {"length", literal(length)}})
        .pixels().flatten();
  };
  EXPECT_TRUE(at::equal(taken(1, 9), row({1, 2})));
  EXPECT_TRUE(at::equal(taken(99, 1), row({2})));
  EXPECT_TRUE(at::equal(run_node("RepeatImageBatch", {{"image", image(three)}, {"amount", literal(2)}}).pixels().flatten(),
                        row({0, 1, 2, 0, 1, 2})));
}

TEST(ImageTransforms, CropTurnAndMirror) {
  const at::Tensor x = counted({1, 2, 3, 1});
  EXPECT_TRUE(at::equal(run_node("ImageCrop", {{"image", image(x)}, {"x", literal(99)}, {"y", literal(1)}}).pixels().flatten(), row({5})));
  EXPECT_TRUE(at::equal(run_node("ImageRotate", {{"image", image(x)}, {"rotation", literal("90 degrees")}}).pixels().flatten(),
                        row({3, 0, 4, 1, 5, 2})));
  EXPECT_TRUE(at::equal(run_node("ImageFlip", {{"image", image(x)}}).pixels(), x.flip({1})));
}

TEST(ImageTransforms, OutpaintingFadesIntoThePicture) {
  const auto padded = run_node("ImagePadForOutpaint", {{"image", image(at::zeros({1, 9, 9, 3}))}, {"left", literal(2)},
                                                       {"bottom", literal(1)}, {"feathering", literal(4)}});
  EXPECT_EQ(padded.pixels().sizes(), (Shape{1, 10, 11, 3}));
  EXPECT_EQ(padded.pixels()[0][0][1][0].item<float>(), 0.5);
  EXPECT_EQ(padded.pixels()[0][0][2][0].item<float>(), 0);
  EXPECT_TRUE(at::equal(padded.mask(1)[0][0], row({1, 1, 1, 0.5625, 0.25, 0.0625, 0, 0, 0, 0, 0})));
  // The last row of the picture is one pixel from its lower edge.
  EXPECT_TRUE(at::equal(padded.mask(1)[0][8], row({1, 1, 1, 0.5625, 0.5625, 0.5625, 0.5625, 0.5625, 0.5625, 0.5625, 0.5625})));
  const auto hard = run_node("ImagePadForOutpaint", {{"image", image(at::zeros({1, 8, 9, 3}))}, {"left", literal(2)}, {"feathering", literal(4)}});
  EXPECT_EQ(hard.mask(1).sum().item<float>(), 16);
}

TEST(ImageStitch, PutsPicturesSideBySide) {
  const at::Tensor a = at::full({1, 4, 2, 3}, 0.25), b = at::full({2, 2, 2, 4}, 0.75);
  const auto stitched = [&](std::map<std::string, test::Given> settings) {
    settings.emplace("image1", image(a));
    settings.emplace("image2", image(b));
    return run_node("ImageStitch", settings).pixels();
  };
  EXPECT_EQ(stitched({}).sizes(), (Shape{2, 4, 6, 4}));
  EXPECT_TRUE(at::equal(stitched({})[1][0][0], row({0.25, 0.25, 0.25, 1})));
  const at::Tensor up = stitched({{"direction", literal("up")}, {"match_image_size", literal(false)},
                                  {"spacing_width", literal(1)}, {"spacing_color", literal("red")}});
  EXPECT_EQ(up.sizes(), (Shape{2, 8, 2, 4}));
  EXPECT_EQ(up[0][0][0][0].item<float>(), 0.75);
  EXPECT_TRUE(at::equal(up[0][3][0], row({1, 0, 0, 1})));
  const at::Tensor bars = stitched({{"match_image_size", literal(false)}});
  EXPECT_TRUE(at::equal(bars[0].select(1, 3).select(1, 0), row({1, 0.75, 0.75, 1})));
  EXPECT_TRUE(at::equal(run_node("ImageStitch", {{"image1", image(a)}}).pixels(), a));
}

TEST(ImageFilters, BlurAndSharpenKeepFlatColours) {
  const at::Tensor flat = at::full({1, 8, 8, 3}, 0.5);
  EXPECT_LE(max_difference(run_node("ImageBlur", {{"image", image(flat)}, {"blur_radius", literal(7)}}).pixels(), flat), 1e-6);
  EXPECT_LE(max_difference(run_node("ImageSharpen", {{"image", image(flat)}}).pixels(), flat), 1e-5);
  EXPECT_THAT(([&] { run_node("ImageBlur", {{"image", image(flat)}, {"blur_radius", literal(8)}}); }),
              ThrowsMessage<std::runtime_error>(HasSubstr("a radius of 8 is too large for 8x8")));
}

TEST(ImageFilters, BlurSpreadsByTheKernel) {
  at::Tensor dot = at::zeros({1, 5, 5, 1});
  dot[0][2][2][0] = 1;
  const at::Tensor blurred = run_node("ImageBlur", {{"image", image(dot)}}).pixels();
  const double corner = std::exp(-1.0), side = std::exp(-0.5), sum = 1 + 4 * side + 4 * corner;
  EXPECT_NEAR(blurred[0][2][2][0].item<float>(), 1 / sum, 1e-6);
  EXPECT_NEAR(blurred[0][1][2][0].item<float>(), side / sum, 1e-6);
  EXPECT_NEAR(blurred[0][1][1][0].item<float>(), corner / sum, 1e-6);
  const at::Tensor sharp = run_node("ImageSharpen", {{"image", image(dot * 0.1)}, {"alpha", literal(0.5)}}).pixels();
  EXPECT_NEAR(sharp[0][2][2][0].item<float>(), 0.1 * (6 - 5 / sum), 1e-6);
}

TEST(ImageFilters, BlendModesAreThoseOfTheNames) {
  const auto blended = [&](const char* mode, float a, float b) {
    return run_node("ImageBlend", {{"image1", image(at::full({1, 1, 1, 3}, a))}, {"image2", image(at::full({1, 1, 1, 3}, b))},
                                   {"blend_factor", literal(1.0)}, {"blend_mode", literal(mode)}}).pixels().max().item<float>();
  };
  EXPECT_NEAR(blended("normal", 0.5f, 0.25f), 0.25, 1e-6);
  EXPECT_NEAR(blended("multiply", 0.5f, 0.25f), 0.125, 1e-6);
  EXPECT_NEAR(blended("screen", 0.5f, 0.25f), 0.625, 1e-6);
  EXPECT_NEAR(blended("overlay", 0.25f, 0.5f), 0.25, 1e-6);
  EXPECT_NEAR(blended("overlay", 0.75f, 0.25f), 1 - 2 * 0.25 * 0.75, 1e-6);
  EXPECT_NEAR(blended("soft_light", 0.5f, 0.25f), 0.5 - 0.5 * 0.25, 1e-6);
  EXPECT_NEAR(blended("soft_light", 0.64f, 0.75f), 0.64 + 0.5 * (0.8 - 0.64), 1e-6);
  EXPECT_NEAR(blended("difference", 0.25f, 0.5f), 0, 1e-6);
  EXPECT_NEAR(blended("difference", 0.5f, 0.25f), 0.25, 1e-6);
}

TEST(ImageFilters, NoiseComesFromTheSeed) {
  const at::Tensor grey = at::full({1, 16, 16, 3}, 0.5);
  const auto noisy = [&](int64_t seed) {
    return run_node("ImageAddNoise", {{"image", image(grey)}, {"seed", literal(seed)}, {"strength", literal(0.1)}}).pixels();
  };
  EXPECT_TRUE(at::equal(noisy(3), noisy(3)));
  EXPECT_FALSE(at::equal(noisy(3), noisy(4)));
  EXPECT_NEAR((noisy(3) - grey).std().item<float>(), 0.1, 0.01);
}

TEST(ImageFilters, MorphologyGrowsAndShrinks) {
  at::Tensor dot = at::zeros({1, 7, 7, 1});
  dot[0][3][3][0] = 1;
  const auto count = [&](const char* operation, int size) {
    return run_node("Morphology", {{"image", image(dot)}, {"operation", literal(operation)}, {"kernel_size", literal(size)}})
        .pixels().sum().item<float>();
  };
  EXPECT_EQ(count("dilate", 3), 9);
  EXPECT_EQ(count("dilate", 4), 16);
  EXPECT_EQ(count("dilate", 999), 49);
  EXPECT_EQ(count("erode", 3), 0);
  EXPECT_EQ(count("open", 3), 0);
  EXPECT_EQ(count("close", 3), 1);
  EXPECT_EQ(count("gradient", 3), 9);
  EXPECT_EQ(count("top_hat", 3), 1);
  EXPECT_EQ(count("bottom_hat", 3), 0);
}

TEST(ImageFilters, QuantizingKeepsTransparency) {
  at::Tensor pixels = at::rand({2, 6, 6, 4});
  const at::Tensor few = run_node("ImageQuantize", {{"image", image(pixels)}, {"colors", literal(2)}}).pixels();
  EXPECT_TRUE(at::equal(few.select(3, 3), pixels.select(3, 3)));
  EXPECT_LE(std::get<0>(at::_unique(few[0].slice(2, 0, 3))).numel(), 6);
}

TEST(ImageChannels, TransparencyGoesApartAndTogether) {
  const at::Tensor pixels = at::rand({2, 3, 4, 4});
  const auto split = run_node("SplitImageWithAlpha", {{"image", image(pixels)}});
  const auto joined = run_node("JoinImageWithAlpha", {{"image", split.values[0]}, {"alpha", split.values[1]}});
  EXPECT_LE(max_difference(joined.pixels(), pixels), 1e-6);
  EXPECT_EQ(run_node("SplitImageWithAlpha", {{"image", image(pixels.slice(3, 0, 3))}}).mask(1).max().item<float>(), 0);
  const auto small = run_node("JoinImageWithAlpha", {{"image", split.values[0]}, {"alpha", mask(at::full({1, 2, 2}, 0.25))}});
  EXPECT_EQ(small.pixels().select(3, 3).min().item<float>(), 0.75);
}

TEST(ImageChannels, BrightnessAndColourDifferences) {
  const at::Tensor pixels = at::rand({1, 4, 4, 3});
  const auto apart = run_node("ImageRGBToYUV", {{"image", image(pixels)}});
  EXPECT_NEAR(apart.pixels(0)[0][0][0][2].item<float>(),
              (pixels[0][0][0] * row({0.299f, 0.587f, 0.114f})).sum().item<float>(), 1e-6);
  const auto together = run_node("ImageYUVToRGB", {{"Y", apart.values[0]}, {"U", apart.values[1]}, {"V", apart.values[2]}});
  EXPECT_LE(max_difference(together.pixels(), pixels), 2e-3);  // the constants are rounded
  EXPECT_THAT(([&] { run_node("ImageYUVToRGB", {{"Y", apart.values[0]}, {"U", apart.values[1]}, {"V", image(at::zeros({1, 2, 2, 3}))}}); }),
              ThrowsMessage<std::runtime_error>(HasSubstr("one size")));
}

TEST(PorterDuff, NodesTakeMasksForTransparency) {
  const auto over = [&](const char* mode) {
    return run_node("PorterDuffImageComposite", {{"source", image(at::full({1, 4, 4, 3}, 1.f))}, {"source_alpha", mask(at::full({1, 4, 4}, 0.5f))},
                                                 {"destination", image(at::full({1, 2, 2, 3}, 0.f))},
                                                 {"destination_alpha", mask(at::zeros({1, 2, 2}))}, {"mode", literal(mode)}});
  };
  EXPECT_EQ(over("SRC_OVER").pixels().sizes(), (Shape{1, 2, 2, 3}));
  EXPECT_NEAR(over("SRC_OVER").pixels().max().item<float>(), 0.5, 1e-6);
  EXPECT_EQ(over("SRC_OVER").mask(1).max().item<float>(), 0);
  EXPECT_EQ(over("CLEAR").mask(1).min().item<float>(), 1);
}

}  // namespace
}  // namespace heddle
