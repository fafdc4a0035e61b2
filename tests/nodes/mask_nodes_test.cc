// Masks.
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

at::Tensor plane(int64_t height, int64_t width, std::initializer_list<float> values) {
  return row(values).reshape({1, height, width});
}

TEST(Masks, PlainInvertedCutAndThresholded) {
  const at::Tensor solid = run_node("SolidMask", {{"value", literal(0.25)}, {"width", literal(3)}, {"height", literal(2)}}).mask();
  EXPECT_TRUE(at::equal(solid, at::full({1, 2, 3}, 0.25)));
  EXPECT_TRUE(at::equal(run_node("InvertMask", {{"mask", mask(solid)}}).mask(), at::full({1, 2, 3}, 0.75)));
  const at::Tensor ramp = counted({1, 4, 4});
  const auto crop = [&](int x, int y) {
    return run_node("CropMask", {{"mask", mask(ramp)}, {"x", literal(x)}, {"y", literal(y)}, {"width", literal(2)}}).mask();
  };
  EXPECT_TRUE(at::equal(crop(3, 1), ramp.slice(1, 1).slice(2, 3)));
  EXPECT_THAT([&] { crop(4, 0); }, ThrowsMessage<std::runtime_error>(HasSubstr("(4, 0) is outside of the mask of 4x4")));
  const at::Tensor half = plane(1, 3, {0.4f, 0.5f, 0.6f});
  EXPECT_TRUE(at::equal(run_node("ThresholdMask", {{"mask", mask(half)}}).mask(), plane(1, 3, {0, 0, 1})));
}

TEST(Masks, ToPicturesAndBack) {
  const at::Tensor grey = run_node("MaskToImage", {{"mask", mask(plane(1, 2, {0.25f, 1}))}}).pixels();
  EXPECT_TRUE(at::equal(grey, row({0.25f, 0.25f, 0.25f, 1, 1, 1}).reshape({1, 1, 2, 3})));
  const at::Tensor colours = counted({1, 1, 2, 3});
  const auto channel = [&](const char* name) {
    return run_node("ImageToMask", {{"image", image(colours)}, {"channel", literal(name)}}).mask();
  };
  EXPECT_TRUE(at::equal(channel("green"), plane(1, 2, {1, 4})));
  EXPECT_TRUE(at::equal(channel("blue"), plane(1, 2, {2, 5})));
  EXPECT_THAT([&] { channel("alpha"); }, ThrowsMessage<std::runtime_error>(HasSubstr("has 3 channels, but 4 are needed")));
}

TEST(Masks, OneColourIsFoundExactly) {
  const at::Tensor pixels = row({1, 0.5f, 0, 1, 0.506f, 0, 2, 0.503f, -1}).reshape({1, 1, 3, 3});  // 0xFF8000, 0xFF8100, 0xFF8000
  EXPECT_TRUE(at::equal(run_node("ImageColorToMask", {{"image", image(pixels)}, {"color", literal(0xFF8000)}}).mask(),
                        plane(1, 3, {1, 0, 1})));
}

TEST(Masks, CombineWhereTheyOverlap) {
  const at::Tensor below = at::full({2, 2, 3}, 0.75f), above = at::full({1, 2, 2}, 0.5f);
  const auto combined = [&](const char* operation, int x) {
    return run_node("MaskComposite", {{"destination", mask(below)}, {"source", mask(above)}, {"x", literal(x)},
                                      {"operation", literal(operation)}});
  };
  EXPECT_TRUE(at::equal(combined("multiply", 1).mask()[1], plane(2, 3, {0.75f, 0.375f, 0.375f, 0.75f, 0.375f, 0.375f})[0]));
  EXPECT_TRUE(at::equal(combined("add", 2).mask()[0], plane(2, 3, {0.75f, 0.75f, 1, 0.75f, 0.75f, 1})[0]));
  EXPECT_EQ(combined("subtract", 2).mask().min().item<float>(), 0.25f);
  EXPECT_EQ(combined("and", 0).mask()[0][0][0].item<float>(), 0);  // 0.5 rounds to the even 0
  EXPECT_EQ(combined("or", 0).mask()[0][0][0].item<float>(), 1);
  EXPECT_EQ(combined("xor", 0).mask()[0][0][0].item<float>(), 1);
  EXPECT_TRUE(at::equal(combined("and", 3).mask(), below));
  EXPECT_THAT(combined("and", 300).warnings, HasSubstr("outside of the destination"));
}

TEST(Masks, FeatheringFromTheFarEdgeStartsAtTheNearOne) {
  const auto feathered = [&](const char* side, int pixels) {
    return run_node("FeatherMask", {{"mask", mask(at::ones({1, 1, 4}))}, {side, literal(pixels)}}).mask();
  };
  EXPECT_LE(max_difference(feathered("left", 3), plane(1, 4, {1 / 3.f, 2 / 3.f, 1, 1})), 1e-7);
  EXPECT_LE(max_difference(feathered("right", 3), plane(1, 4, {1 / 3.f, 1, 1, 2 / 3.f})), 1e-7);
  EXPECT_LE(max_difference(feathered("left", 40), plane(1, 4, {0.25f, 0.5f, 0.75f, 1})), 1e-7);
}

TEST(Masks, GrowWithDiagonalOrSquareCorners) {
  at::Tensor dot = at::zeros({1, 5, 5});
  dot[0][2][2] = 1;
  const auto grown = [&](const at::Tensor& from, int by, bool tapered) {
    return run_node("GrowMask", {{"mask", mask(from)}, {"expand", literal(by)}, {"tapered_corners", literal(tapered)}}).mask();
  };
  EXPECT_EQ(grown(dot, 1, true).sum().item<float>(), 5);
  EXPECT_EQ(grown(dot, 2, true).sum().item<float>(), 13);
  EXPECT_EQ(grown(dot, 1, false).sum().item<float>(), 9);
  EXPECT_EQ(grown(dot, 16384, true).sum().item<float>(), 25);
  EXPECT_TRUE(at::equal(grown(grown(dot, 1, true), -1, true), dot));
  EXPECT_TRUE(at::equal(grown(grown(dot, 1, false), -1, false), dot));
  EXPECT_TRUE(at::equal(grown(at::ones({1, 5, 5}), -3, true), at::ones({1, 5, 5})));  // what is outside does not count
}

}  // namespace
}  // namespace heddle
