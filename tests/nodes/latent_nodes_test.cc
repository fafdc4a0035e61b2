// Latents computed with, turned, cut, batched (see also the golden pipelines Latent*, latent_composite* and batch_index).
#include <gmock/gmock.h>

#include "tests/nodes/run_node.h"
#include "tests/support/golden.h"

namespace heddle {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using test::counted;
using test::latent;
using test::link;
using test::literal;
using test::max_difference;
using test::run_node;

TEST(LatentArithmetic, AddsSubtractsAndMultiplies) {
  const at::Tensor a = at::full({2, 4, 2, 2}, 5.f), b = at::full({1, 4, 2, 2}, 3.f);
  EXPECT_EQ(run_node("LatentAdd", {{"samples1", latent(a)}, {"samples2", latent(b)}}).samples().min().item<float>(), 8);
  EXPECT_EQ(run_node("LatentSubtract", {{"samples1", latent(a)}, {"samples2", latent(b)}}).samples().max().item<float>(), 2);
  EXPECT_EQ(run_node("LatentMultiply", {{"samples", latent(a)}, {"multiplier", literal(-2)}}).samples().max().item<float>(), -10);
}

TEST(LatentArithmetic, TheSecondTakesTheSizeAndBatchOfTheFirst) {
  const at::Tensor a = at::zeros({3, 4, 4, 4}), b = at::full({2, 4, 2, 6}, 1.f);
  const at::Tensor sum = run_node("LatentAdd", {{"samples1", latent(a)}, {"samples2", latent(b)}}).samples();
  EXPECT_EQ(sum.sizes(), a.sizes());
  EXPECT_EQ(sum.min().item<float>(), 1);
  EXPECT_THAT(([&] { run_node("LatentAdd", {{"samples1", latent(a)}, {"samples2", latent(at::zeros({1, 16, 4, 4}))}}); }),
              ThrowsMessage<std::runtime_error>(HasSubstr("belong to different models")));
  EXPECT_THAT(([&] { run_node("LatentAdd", {{"samples1", latent(a)}, {"samples2", latent(at::zeros({0, 4, 4, 4}))}}); }),
              ThrowsMessage<std::runtime_error>(HasSubstr("empty latent")));
}

TEST(LatentArithmetic, InterpolationKeepsLengthsBetweenTheTwo) {
  at::Tensor a = at::zeros({1, 2, 1, 2}), b = at::zeros({1, 2, 1, 2});
  a[0][0][0][0] = 2;  // (2, 0) and (0, 4); the second cell stays zero
  b[0][1][0][0] = 4;
  const at::Tensor mixed =
      run_node("LatentInterpolate", {{"samples1", latent(a)}, {"samples2", latent(b)}, {"ratio", literal(0.5)}}).samples();
  const float side = 3 / std::sqrt(2.f);  // length 3, halfway between the directions
  EXPECT_NEAR(mixed[0][0][0][0].item<float>(), side, 1e-5);
  EXPECT_NEAR(mixed[0][1][0][0].item<float>(), side, 1e-5);
  EXPECT_EQ(mixed[0][0][0][1].item<float>(), 0);
}

TEST(LatentArithmetic, BlendWeighsTheFirst) {
  const at::Tensor a = at::full({2, 4, 2, 2}, 1.f), b = at::zeros({1, 4, 4, 4});
  const at::Tensor blend =
      run_node("LatentBlend", {{"samples1", latent(a)}, {"samples2", latent(b)}, {"blend_factor", literal(0.25)}}).samples();
  EXPECT_EQ(blend.sizes(), a.sizes());
  EXPECT_EQ(blend.max().item<float>(), 0.25);
  EXPECT_THAT(([&] { run_node("LatentBlend", {{"samples1", latent(a)}, {"samples2", latent(at::zeros({3, 4, 2, 2}))}}); }),
              ThrowsMessage<std::runtime_error>(HasSubstr("samples2 is a batch of 3, but 2 are needed")));
}

TEST(LatentArithmetic, ConcatAndCutGoAlongASide) {
  const at::Tensor a = counted({1, 1, 2, 3}), b = counted({1, 1, 2, 1}) + 100;
  const auto both = [&](const char* dim) {
    return run_node("LatentConcat", {{"samples1", latent(a)}, {"samples2", latent(b)}, {"dim", literal(dim)}}).samples();
  };
  EXPECT_TRUE(at::equal(both("x"), at::cat({a, b}, 3)));
  EXPECT_TRUE(at::equal(both("-x"), at::cat({b, a}, 3)));
  EXPECT_THAT([&] { both("y"); }, ThrowsMessage<std::runtime_error>(HasSubstr("3x2 and 1x2 cells")));
  EXPECT_THAT([&] { both("t"); }, ThrowsMessage<std::runtime_error>(HasSubstr("time of a video")));
  const auto cut = [&](int index, int amount) {
    return run_node("LatentCut", {{"samples", latent(a)}, {"index", literal(index)}, {"amount", literal(amount)}}).samples();
  };
  EXPECT_TRUE(at::equal(cut(1, 9), a.slice(3, 1)));
  EXPECT_TRUE(at::equal(cut(-2, 1), a.slice(3, 1, 2)));
  EXPECT_TRUE(at::equal(cut(-99, 1), a.slice(3, 0, 1)));
  EXPECT_TRUE(at::equal(cut(99, 5), a.slice(3, 2)));
}

TEST(LatentTransform, TurnsClockwiseAndMirrors) {
  const at::Tensor x = counted({1, 1, 2, 3});
  const auto turned = [&](const char* rotation) {
    return run_node("LatentRotate", {{"samples", latent(x)}, {"rotation", literal(rotation)}}).samples();
  };
  EXPECT_TRUE(at::equal(turned("none"), x));
  EXPECT_TRUE(at::equal(turned("90 degrees"), test::row({3, 0, 4, 1, 5, 2}).reshape({1, 1, 3, 2})));
  EXPECT_TRUE(at::equal(turned("180 degrees"), x.flip({2, 3})));
  EXPECT_TRUE(at::equal(turned("270 degrees").flip({2, 3}), turned("90 degrees")));
  const auto flipped = [&](const char* method) {
    return run_node("LatentFlip", {{"samples", latent(x)}, {"flip_method", literal(method)}}).samples();
  };
  EXPECT_TRUE(at::equal(flipped("x-axis: vertically"), x.flip({2})));
  EXPECT_TRUE(at::equal(flipped("y-axis: horizontally"), x.flip({3})));
}

TEST(LatentTransform, CropLeavesEightCells) {
  const at::Tensor x = counted({1, 1, 16, 20});
  const auto crop = [&](const at::Tensor& from, int left, int top) {
    return run_node("LatentCrop", {{"samples", latent(from)}, {"width", literal(64)}, {"height", literal(128)},
                                   {"x", literal(left)}, {"y", literal(top)}}).samples();
  };
  EXPECT_TRUE(at::equal(crop(x, 16, 24), x.slice(2, 3).slice(3, 2, 10)));
  EXPECT_TRUE(at::equal(crop(x, 1600, 1600), x.slice(2, 8).slice(3, 12)));
  EXPECT_EQ(crop(counted({1, 1, 4, 4}), 64, 64).sizes(), (at::IntArrayRef{1, 1, 4, 4}));
}

TEST(LatentBatches, PicturesTakenOutKeepTheirNoiseAndMask) {
  Latent batch{counted({4, 1, 1, 1}), counted({2, 1, 1, 1}), {}};
  const auto taken = [&](int index, int length) {
    return run_node("LatentFromBatch", {{"samples", link(batch)}, {"batch_index", literal(index)}, {"length", literal(length)}})
        .get<Latent>();
  };
  const Latent middle = taken(1, 2);
  EXPECT_TRUE(at::equal(middle.samples.flatten(), test::row({1, 2})));
  EXPECT_TRUE(at::equal(middle.noise_mask.flatten(), test::row({1, 0})));
  EXPECT_THAT(middle.batch_index, ElementsAre(1, 2));
  EXPECT_THAT(taken(60, 9).batch_index, ElementsAre(3));
  batch.batch_index = {5, 7, 9, 11};
  EXPECT_THAT(taken(2, 9).batch_index, ElementsAre(9, 11));
  batch.batch_index = {5};
  EXPECT_THAT([&] { taken(2, 1); }, ThrowsMessage<std::runtime_error>(HasSubstr("fewer pictures than it has")));
}

TEST(LatentBatches, RepeatsGetNoiseOfTheirOwn) {
  Latent pair{counted({2, 1, 1, 1}), counted({2, 1, 1, 1}), {3, 5}};
  const auto result = run_node("RepeatLatentBatch", {{"samples", link(pair)}, {"amount", literal(3)}});
  const Latent& repeated = result.get<Latent>();
  EXPECT_TRUE(at::equal(repeated.samples.flatten(), test::row({0, 1, 0, 1, 0, 1})));
  EXPECT_EQ(repeated.noise_mask.size(0), 6);
  EXPECT_THAT(repeated.batch_index, ElementsAre(3, 5, 6, 8, 9, 11));
}

TEST(LatentBatches, JoiningCountsDraws) {
  const Latent second{at::ones({2, 1, 2, 2}), {}, {8, 9}};
  const auto result = run_node("LatentBatch", {{"samples1", latent(at::zeros({2, 1, 4, 4}))}, {"samples2", link(second)}});
  EXPECT_EQ(result.samples().sizes(), (at::IntArrayRef{4, 1, 4, 4}));
  EXPECT_THAT(result.get<Latent>().batch_index, ElementsAre(0, 1, 8, 9));
}

TEST(LatentBatches, SeedsAreFixedOrRandom) {
  const Latent batch{at::zeros({3, 1, 1, 1}), {}, {4, 5, 6}};
  const auto draws = [&](const char* behavior) {
    return run_node("LatentBatchSeedBehavior", {{"samples", link(batch)}, {"seed_behavior", literal(behavior)}})
        .get<Latent>().batch_index;
  };
  EXPECT_THAT(draws("fixed"), ElementsAre(4, 4, 4));
  EXPECT_THAT(draws("random"), ElementsAre());
}

TEST(LatentOperations, ApplyToEveryCell) {
  const at::Tensor x = at::randn({2, 4, 24, 24});
  const auto applied = [&](const std::string& operation, std::map<std::string, test::Given> settings) {
    const auto made = run_node(operation, settings);
    return run_node("LatentApplyOperation", {{"samples", latent(x)}, {"operation", made.values[0]}}).samples();
  };
  const at::Tensor length = at::linalg_vector_norm(x, 2, at::IntArrayRef{1}, true);
  const at::Tensor tamed = applied("LatentOperationTonemapReinhard", {});
  const at::Tensor white = length.std(at::IntArrayRef{1, 2, 3}, true, true) * 5 + length.mean(at::IntArrayRef{1, 2, 3}, true);
  EXPECT_LE(max_difference(tamed, x / (1 + length / white)), 1e-5);
  EXPECT_LE(max_difference(applied("LatentOperationSharpen", {{"alpha", literal(0.0)}}), x), 1e-5);
  EXPECT_GT(max_difference(applied("LatentOperationSharpen", {{"alpha", literal(1.0)}}), x), 1);
  EXPECT_THAT(([&] { applied("LatentOperationSharpen", {{"sharpen_radius", literal(31)}}); }),
              ThrowsMessage<std::runtime_error>(HasSubstr("a radius of 31 is too large for 24x24")));
}

}  // namespace
}  // namespace heddle
