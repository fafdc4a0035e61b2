#include "nodes/diffusion/extra_channels.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "nodes/diffusion/model_sampling.h"
#include "tests/support/golden.h"

namespace heddle::diffusion {
namespace {

using ::testing::HasSubstr;
using test::max_difference;
using ::testing::ThrowsMessage;

constexpr int64_t kShape[] = {2, 4, 4, 6};

at::Tensor filled(const ExtraChannels& extra, const ConditioningEntry& entry) {
  return extra(entry, kShape);
}

ConditioningEntry picture(float latent, float mask) {
  ConditioningEntry entry;
  entry.concat_latent = at::full({1, 4, 8, 12}, latent);
  entry.concat_mask = at::full({1, 32, 48}, mask);
  return entry;
}

TEST(ExtraChannels, PlainModelsTakeNone) {
  EXPECT_FALSE(extra_channels(0, at::zeros(kShape), {}, 0.5));
  EXPECT_THAT([] { extra_channels(7, at::zeros(kShape), {}, 0.5); },
              ThrowsMessage<std::runtime_error>(HasSubstr("takes 7 channels beside the latent")));
}

TEST(ExtraChannels, WhatAnEntryBringsGoesBeforeTheNoiseMask) {
  const ExtraChannels extra =
      extra_channels(5, at::full(kShape, 8.f), at::zeros({1, 1, 4, 6}), 0.5);
  const at::Tensor own = filled(extra, picture(2, 0.75f)), shared = filled(extra, {});
  EXPECT_EQ(own.sizes(), (at::IntArrayRef{2, 5, 4, 6}));
  EXPECT_EQ(own.select(1, 0).min().item<float>(), 1);  // the mask, rounded
  EXPECT_EQ(own.slice(1, 1).max().item<float>(), 1);   // the picture, scaled
  EXPECT_EQ(shared.select(1, 0).max().item<float>(), 0);
  EXPECT_EQ(shared.slice(1, 1).min().item<float>(), 4);
}

TEST(ExtraChannels, MasksAreRoundedOnceTheyAreResized) {
  ConditioningEntry entry = picture(1, 0);
  entry.concat_mask = at::zeros({1, 8, 12});
  entry.concat_mask.slice(2, 1, 12, 2).fill_(0.9f);  // pairs of 0 and 0.9: 0.45 in the latent
  const at::Tensor mask = filled(extra_channels(5, at::zeros(kShape), {}, 1), entry).select(1, 0);
  EXPECT_EQ(mask.max().item<float>(), 0);
}

TEST(ExtraChannels, WithoutAnyMaskAllIsPaintedAnew) {
  ConditioningEntry entry = picture(2, 1);
  entry.concat_mask = at::Tensor();
  const at::Tensor blank = filled(extra_channels(5, at::full(kShape, 8.f), {}, 0.5), entry);
  EXPECT_EQ(blank.select(1, 0).min().item<float>(), 1);
  EXPECT_NEAR(blank[0][1][0][0].item<float>(), 0.8223, 1e-6);
  EXPECT_NEAR(blank[1][4][3][5].item<float>(), 0.1380, 1e-6);
}

TEST(ExtraChannels, EditingModelsSeeThePictureUnscaled) {
  const ExtraChannels extra = extra_channels(4, at::full(kShape, 8.f), {}, 0.5);
  EXPECT_EQ(filled(extra, picture(2, 1)).min().item<float>(), 2);
  EXPECT_EQ(filled(extra, {}).abs().max().item<float>(), 0);
  ConditioningEntry other;
  other.concat_latent = at::zeros({1, 16, 4, 6});
  EXPECT_THAT([&] { filled(extra, other); },
              ThrowsMessage<std::runtime_error>(HasSubstr("has 16 latent channels")));
}

TEST(ExtraChannels, ReachTheNetworkCutToTheAreaOfTheirEntry) {
  ConditioningEntry entry;
  entry.cross_attention = at::zeros({1, 1, 2});
  entry.region.area = Area{2, 3, 1, 2};
  entry.concat_latent = at::arange(24, at::kFloat).reshape({1, 1, 4, 6}).expand({1, 4, 4, 6});
  Guidance guidance{{entry}, {}, 1, 0, {}};
  guidance.extra_channels = extra_channels(4, at::zeros(kShape), {}, 1);
  at::Tensor seen;
  const Predict predict = [&](const at::Tensor& x, const at::Tensor&, const at::Tensor&,
                              const at::Tensor&) {
    seen = x;
    return x.slice(1, 0, 4);
  };
  guided_denoiser(predict, stable_diffusion_sampling(), guidance, {})(at::ones(kShape), 1.f);
  EXPECT_EQ(seen.sizes(), (at::IntArrayRef{2, 8, 2, 3}));
  EXPECT_TRUE(at::equal(seen[1][4], entry.concat_latent[0][0].slice(0, 1, 3).slice(1, 2, 5)));
}

}  // namespace
}  // namespace heddle::diffusion
