// Hooks inside of a real (small) U-Net.
#include "nodes/diffusion/unet_hooks.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/diffusion/deep_shrink.h"
#include "nodes/diffusion/free_u.h"
#include "nodes/diffusion/hyper_tile.h"
#include "nodes/diffusion/noise.h"
#include "nodes/diffusion/token_merging.h"
#include "nodes/diffusion/unet.h"
#include "tests/nodes/diffusion/network_fixtures.h"

namespace heddle::diffusion {
namespace {

using ::testing::HasSubstr;
using test::max_difference;

at::Tensor random(at::IntArrayRef shape, uint64_t seed = 1) {
  return at::randn(shape, make_generator(seed), at::kFloat);
}

class UNetWithHooks : public OneThread {
 protected:
  static const UNet& unet() {
    static const UNet network(
        as_weights(part_tensors("mini_sd15.spec.json", "model.diffusion_model.")));
    return network;
  }

  static at::Tensor run(const UNetHooks& hooks, int64_t height = 16, int64_t width = 16,
                        int64_t batch = 1) {
    const at::Tensor x = random({batch, 4, height, width});
    const at::Tensor context = random({1, 9, 128}, 2).expand({batch, -1, -1}).contiguous();
    return unet().forward(x, at::full({batch}, 400.f), context, {}, {}, {},
                          {.hooks = hooks, .sigma = 2});
  }
};

TEST_F(UNetWithHooks, HooksThatDoNothingChangeNoByte) {
  const UNetHook::Change same = [](const at::Tensor& h, const UNetPlace&) { return h; };
  const UNetHook idle{
      .before_skip = same,
      .after_skip = same,
      .join = [](at::Tensor&, at::Tensor&, const UNetPlace&) {},
      .tokens = [](const at::Tensor& x, const UNetPlace&) { return ArrangedTokens{x, {}}; },
      .sources = [](at::Tensor&, at::Tensor&) {},
      .self_attention = [](const at::Tensor&, const at::Tensor&, const at::Tensor&, int64_t,
                           const UNetPlace&) { return at::Tensor(); }};
  EXPECT_TRUE(at::equal(run({idle}), run({})));
}

TEST_F(UNetWithHooks, AreToldWhereTheyAre) {
  std::string places;
  UNetHook hook;
  hook.after_skip = [&](const at::Tensor& h, const UNetPlace& place) {
    places += "i" + std::to_string(place.block) + " ";
    EXPECT_EQ(place.latent_width, 24);
    EXPECT_EQ(place.model_channels, 32);
    EXPECT_EQ(place.sigma, 2);
    return h;
  };
  hook.tokens = [&](const at::Tensor& tokens, const UNetPlace& place) {
    EXPECT_EQ(tokens.size(1), place.height * place.width);
    if (place.stage == UNetPlace::Stage::kMiddle) places += "m" + std::to_string(place.width) + " ";
    return ArrangedTokens{tokens, {}};
  };
  hook.join = [&](at::Tensor& h, at::Tensor&, const UNetPlace& place) {
    if (place.block % 6 == 0) places += "o" + std::to_string(place.block) + ":" + std::to_string(h.size(3)) + " ";
  };
  run({hook}, 16, 24);
  EXPECT_EQ(places, "i0 i1 i2 i3 i4 i5 i6 i7 i8 i9 i10 i11 m3 o0:3 o6:12 ");
}

TEST_F(UNetWithHooks, ArrangementsAreUndoneInReverse) {
  const auto reversed = [](const at::Tensor& x) { return x.flip({1}); };
  const UNetHook flip{.tokens = [=](const at::Tensor& x, const UNetPlace&) {
    return ArrangedTokens{reversed(x), reversed};
  }};
  const UNetHook cut{.tokens = [](const at::Tensor& x, const UNetPlace&) {
    return ArrangedTokens{x.slice(1, 1), [x](const at::Tensor& y) {
                            return at::cat({x.slice(1, 0, 1), y}, 1);
                          }};
  }};
  const at::Tensor tokens = at::arange(4, at::kFloat).view({1, 4, 1});
  const ArrangedTokens arranged = arrange_tokens({flip, cut}, tokens, {});
  EXPECT_TRUE(at::equal(arranged.tokens.flatten(), at::tensor({2.f, 1.f, 0.f})));
  EXPECT_TRUE(at::equal(arranged.restore(arranged.tokens * 10).flatten(),
                        at::tensor({0.f, 10.f, 20.f, 3.f})));
}

TEST_F(UNetWithHooks, SizesThatNothingChangesBackAreAnError) {
  const UNetHook half{.after_skip = [](const at::Tensor& h, const UNetPlace& place) {
    return place.block == 4 ? h.slice(2, 0, h.size(2) / 2).contiguous() : h;
  }};
  EXPECT_THAT(error_of([&] { run({half}); }), HasSubstr("a patch of the model changes sizes"));
}

TEST_F(UNetWithHooks, SourcesChangeKeysAndValuesOfEveryAttention) {
  int calls = 0;
  const UNetHook hook{.sources = [&](at::Tensor& keys, at::Tensor& values) {
    ++calls;
    keys = keys * 2;
    values = values * 2;
  }};
  EXPECT_FALSE(at::equal(run({hook}), run({})));
  EXPECT_EQ(calls, 2 * 16);
}

TEST_F(UNetWithHooks, FreeUScalesHalfTheFeaturesAndTheCoarseSkips) {
  UNetHook hook = free_u({1.5, 0.5}, {2, 0.25});
  const at::Tensor h0 = random({2, 8, 6, 6}), skip0 = random({2, 5, 6, 6}, 2);
  at::Tensor h = h0, skip = skip0;
  hook.join(h, skip, {.model_channels = 2});
  EXPECT_TRUE(at::equal(h, at::cat({h0.slice(1, 0, 4) * 1.5, h0.slice(1, 4)}, 1)));
  at::Tensor mask = at::ones({6, 6}, at::kDouble);
  for (const int64_t y : {0, 5}) {
    for (const int64_t x : {0, 5}) mask[y][x].fill_(0.5);
  }
  const at::Tensor filtered =
      at::real(at::fft_ifft2(at::fft_fft2(skip0.to(at::kDouble)) * mask));
  EXPECT_LE(max_difference(skip.to(at::kDouble), filtered), 2e-6);
  at::Tensor other = random({2, 2, 6, 6}), other_skip = skip0;
  hook.join(other, other_skip, {.model_channels = 2});
  EXPECT_TRUE(other_skip.is_same(skip0)) << "blocks of other widths are left alone";
}

TEST_F(UNetWithHooks, FreeUV2ScalesByHowMuchACellStandsOut) {
  const at::Tensor h0 = random({2, 4, 3, 3});
  at::Tensor h = h0, skip = random({2, 4, 3, 3});
  free_u_v2({9, 9}, {1.5, 1}).join(h, skip, {.model_channels = 2});
  const at::Tensor mean = h0.to(at::kDouble).mean(1, true);
  const at::Tensor low = mean.amin({2, 3}, true), high = mean.amax({2, 3}, true);
  const at::Tensor factor = (mean - low) / (high - low) * 0.5 + 1;
  const at::Tensor expected =
      at::cat({h0.slice(1, 0, 2) * factor, h0.slice(1, 2).to(at::kDouble)}, 1);
  EXPECT_LE(max_difference(h.to(at::kDouble), expected), 1e-6);
  at::Tensor flat = at::ones({1, 4, 1, 1}), one = at::ones({1, 4, 1, 1});
  free_u_v2({9, 9}, {1.5, 1}).join(flat, one, {.model_channels = 2});
  EXPECT_TRUE(at::equal(flat, at::ones({1, 4, 1, 1}))) << "where nothing stands out";
}

TEST_F(UNetWithHooks, DeepShrinkMakesTheInsideSmallerWhileTheNoiseIsInRange) {
  DeepShrink settings{.block = 3, .factor = 2, .first_sigma = 2, .last_sigma = 2};
  int64_t middle = 0;
  const UNetHook look{.tokens = [&](const at::Tensor& x, const UNetPlace& place) {
    if (place.stage == UNetPlace::Stage::kMiddle) middle = place.width;
    return ArrangedTokens{x, {}};
  }};
  for (const bool after : {true, false}) {
    settings.after_skip = after;
    EXPECT_FALSE(at::equal(run({deep_shrink(settings), look}, 32, 24), run({}, 32, 24)));
    EXPECT_EQ(middle, 2) << "24 / 2 / 2 / 4 rounded up";
  }
  settings.last_sigma = 2.1f;
  EXPECT_TRUE(at::equal(run({deep_shrink(settings)}, 32, 24), run({}, 32, 24)));
  settings.last_sigma = 0;
  settings.factor = 1;
  EXPECT_TRUE(at::equal(run({deep_shrink(settings)}, 32, 24), run({}, 32, 24)));
  settings.factor = 9;
  settings.block = 9;
  EXPECT_THAT(error_of([&] { run({deep_shrink(settings)}, 32, 24); }),
              HasSubstr("leaves nothing of the 3x4 cells at input block 9"));
}

UNetPlace full_size(int64_t height, int64_t width) {
  return {.height = height, .width = width, .latent_height = height, .latent_width = width};
}

TEST_F(UNetWithHooks, HyperTileMakesTilesAndPutsThemBack) {
  const UNetHook hook = hyper_tile({.tile_cells = 2, .swap_size = 1});
  const at::Tensor tokens = at::arange(2 * 24, at::kFloat).view({2, 24, 1});  // 4 rows of 6
  const ArrangedTokens tiles = hook.tokens(tokens, full_size(4, 6));
  ASSERT_EQ(tiles.tokens.sizes(), at::IntArrayRef({12, 4, 1}));
  EXPECT_TRUE(at::equal(tiles.tokens[1].flatten(), at::tensor({2.f, 3.f, 8.f, 9.f})));
  EXPECT_TRUE(at::equal(tiles.tokens[6].flatten(), at::tensor({24.f, 25.f, 30.f, 31.f})));
  EXPECT_TRUE(at::equal(tiles.restore(tiles.tokens), tokens));
}

TEST_F(UNetWithHooks, HyperTileGoesDownToItsDepthAndDrawsByPlace) {
  const HyperTile one{.tile_cells = 2, .swap_size = 1, .max_depth = 1};
  UNetPlace place = full_size(7, 16);
  place.height = 4;
  place.width = 8;
  const at::Tensor tokens = random({1, 32, 3});
  EXPECT_EQ(hyper_tile(one).tokens(tokens, place).tokens.size(0), 8);
  EXPECT_EQ(hyper_tile({.tile_cells = 2, .swap_size = 1, .max_depth = 1, .scale_depth = true})
                .tokens(tokens, place)
                .tokens.size(0),
            2);
  EXPECT_FALSE(hyper_tile({.tile_cells = 2, .max_depth = 0}).tokens(tokens, place).restore);
  std::set<int64_t> counts;
  for (int block = 0; block < 32; ++block) {
    place.block = block;
    const auto tiles = [&] {
      return hyper_tile({.tile_cells = 2, .swap_size = 2, .max_depth = 1}).tokens(tokens, place).tokens.size(0);
    };
    EXPECT_EQ(tiles(), tiles());
    counts.insert(tiles());
  }
  EXPECT_EQ(counts, (std::set<int64_t>{2, 4, 8}));
}

TEST_F(UNetWithHooks, ATileAsLargeAsThePictureChangesNoByte) {
  EXPECT_TRUE(at::equal(run({hyper_tile({.tile_cells = 16})}), run({})));
  EXPECT_FALSE(at::equal(run({hyper_tile({.tile_cells = 4})}), run({})));
}

TEST_F(UNetWithHooks, MergedTokensAreMeansAndGetOneResult) {
  // Two 2x2 cells: in each all four tokens point the same way, so whichever is kept the rest joins.
  at::Tensor tokens = at::zeros({1, 8, 2});
  for (const int64_t i : {0, 1, 4, 5}) tokens[0][i][0] = double(1 + i);
  for (const int64_t i : {2, 3, 6, 7}) tokens[0][i][1] = double(1 + i);
  const ArrangedTokens merged = token_merging({.ratio = 0.75}).tokens(tokens, full_size(2, 4));
  ASSERT_EQ(merged.tokens.size(1), 2);
  // Results are in the order of the tokens that were kept, which chance chose.
  const at::Tensor restored = merged.restore(merged.tokens)[0];
  for (const int64_t i : {0, 1, 4, 5}) {
    EXPECT_LE(max_difference(restored[i], at::tensor({3.5f, 0.f})), 1e-6);
  }
  for (const int64_t i : {2, 3, 6, 7}) {
    EXPECT_LE(max_difference(restored[i], at::tensor({0.f, 5.5f})), 1e-6);
  }
}

TEST_F(UNetWithHooks, TheMostAlikeTokensAreMergedFirst) {
  at::Tensor tokens = random({1, 4 * 5, 6});  // odd width: the last column is never kept
  const ArrangedTokens merged = token_merging({.ratio = 0.1}).tokens(tokens, full_size(4, 5));
  EXPECT_EQ(merged.tokens.size(1), 18);
  const at::Tensor restored = merged.restore(merged.tokens);
  EXPECT_EQ(restored.eq(tokens).all(2).sum().item<int64_t>(), 20 - 4) << "two went into two others";
  EXPECT_FALSE(token_merging({.ratio = 0}).tokens(tokens, full_size(4, 5)).restore);
  EXPECT_FALSE(token_merging({.ratio = 0.5}).tokens(random({1, 5, 6}), full_size(1, 5)).restore);
}

TEST_F(UNetWithHooks, APictureOfABatchEqualsItAlone) {
  const UNetHooks hooks{free_u_v2({1.3, 0.9}, {1.4, 0.2}), hyper_tile({.tile_cells = 8}),
                        token_merging({.ratio = 0.3}),
                        deep_shrink({.block = 3, .factor = 2, .first_sigma = 9, .last_sigma = 0})};
  const at::Tensor three = run(hooks, 16, 16, 3);
  EXPECT_TRUE(at::equal(three.slice(0, 0, 1), run(hooks)));
  at::set_num_threads(2);
  EXPECT_TRUE(at::equal(three, run(hooks, 16, 16, 3)));
}

}  // namespace
}  // namespace heddle::diffusion
