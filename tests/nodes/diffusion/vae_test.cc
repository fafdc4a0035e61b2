#include "nodes/diffusion/vae.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/nodes/diffusion/network_fixtures.h"

namespace heddle::diffusion {
namespace {

using ::testing::HasSubstr;
using test::Tensors;

Tensors vae_tensors(const std::string& checkpoint) {
  return part_tensors(checkpoint + ".spec.json",
                      checkpoint == "mini_vae" ? "" : "first_stage_model.");
}

Tensor uniform(at::IntArrayRef shape) {
  return at::rand(shape, at::make_generator<at::CPUGeneratorImpl>(uint64_t(5)), at::kFloat);
}

class VaeTest : public OneThread {};

class VaeGolden : public OneThread, public ::testing::WithParamInterface<const char*> {
 protected:
  void expect_agrees(const std::string& name, const Tensor& value) const {
    const double tolerance = about_.at("tolerance").at(name);
    EXPECT_LE(test::measured("networks, VAE", test::max_difference(value, golden_.at(name)), tolerance), tolerance)
        << name;
  }

  const std::string name_ = GetParam();
  const nlohmann::json about_ = test::golden_json("networks/" + name_ + ".json");
  const Tensors golden_ = test::golden_tensors("networks/" + name_ + ".safetensors");
  const Vae vae_{as_weights(vae_tensors(name_))};
};

TEST_P(VaeGolden, DecodingAgreesInsideAndOut) {
  for (const auto& [key, test] : about_.at("vae_decode").items()) {
    size_t taps = 0;
    const Vae::Tap tap = [&](const std::string& part, const Tensor& value) {
      ++taps;
      if (test.contains("taps")) expect_agrees("decode." + key + "." + part, value);
    };
    const Tensor latent = golden_.at(test["input"]);
    expect_agrees(test["raw"], vae_.decode_raw(latent, {}, tap));
    if (test.contains("taps")) {
      EXPECT_EQ(taps, test["taps"].size());
    }
    if (test.contains("image")) expect_agrees(test["image"], vae_.decode(latent));
  }
}

TEST_P(VaeGolden, EncodingAgrees) {
  for (const auto& [key, test] : about_.at("vae_encode").items()) {
    expect_agrees(test["mean"], vae_.encode(golden_.at(test["image"])));
  }
}

INSTANTIATE_TEST_SUITE_P(Checkpoints, VaeGolden,
                         ::testing::Values("mini_sd15", "mini_sdxl", "mini_vae"),
                         [](const auto& info) { return std::string(info.param); });

TEST_F(VaeTest, BytesDependNeitherOnThreadsNorOnTheBatch) {
  const Vae vae(as_weights(vae_tensors("mini_sd15")));
  const Tensor latents = uniform({2, 4, 9, 7}) * 4 - 2, images = uniform({2, 72, 56, 3});
  const Tensor decoded = vae.decode_raw(latents), encoded = vae.encode(images);
  for (const int threads : {2, 3}) {
    const WithThreads some(threads);
    EXPECT_TRUE(at::equal(vae.decode_raw(latents), decoded)) << threads << " threads";
    EXPECT_TRUE(at::equal(vae.encode(images), encoded)) << threads << " threads";
  }
  for (int64_t k = 0; k < 2; ++k) {
    EXPECT_TRUE(at::equal(vae.decode_raw(latents.narrow(0, k, 1)), decoded.narrow(0, k, 1)));
    EXPECT_TRUE(at::equal(vae.encode(images.narrow(0, k, 1)), encoded.narrow(0, k, 1)));
  }
}

TEST_F(VaeTest, ImagesAreCroppedCentrallyToWholeCells) {
  const Vae vae(as_weights(vae_tensors("mini_sd15")));
  const Tensor image = uniform({1, 45, 31, 3});  // 5 spare rows, 7 spare columns
  const Tensor crop = image.narrow(1, 2, 40).narrow(2, 3, 24);
  EXPECT_TRUE(at::equal(vae.encode(image), vae.encode(crop)));
  EXPECT_EQ(vae.encode(image).sizes(), at::IntArrayRef({1, 4, 5, 3}));
}

TEST_F(VaeTest, ChannelsBeyondTheThirdAreIgnored) {
  const Vae vae(as_weights(vae_tensors("mini_sd15")));
  const Tensor image = uniform({1, 16, 16, 4});
  EXPECT_TRUE(at::equal(vae.encode(image), vae.encode(image.slice(3, 0, 3))));
}

TEST_F(VaeTest, StridesOfALatentMeanNothing) {
  const Vae vae(as_weights(vae_tensors("mini_sd15")));
  for (const int64_t size : {1, 3}) {
    const Tensor latent = uniform({1, size, size, 4}).permute({0, 3, 1, 2});
    const Tensor plain = at::empty({1, 4, size, size}).copy_(latent);
    EXPECT_TRUE(at::equal(vae.decode_raw(latent), vae.decode_raw(plain)));
  }
}

TEST_F(VaeTest, DecodedImagesAreRowsOfPixelsInZeroToOne) {
  const Vae vae(as_weights(vae_tensors("mini_sd15")));
  const Tensor latent = uniform({2, 4, 3, 5}) * 200 - 100;
  const Tensor image = vae.decode(latent), raw = vae.decode_raw(latent);
  EXPECT_EQ(image.sizes(), at::IntArrayRef({2, 24, 40, 3}));
  EXPECT_TRUE(image.is_contiguous());
  EXPECT_LT(test::max_difference(image, ((raw + 1) / 2).clamp(0, 1).permute({0, 2, 3, 1})),
            1e-7);
}

TEST_F(VaeTest, SizesAndBytesFollowFromTensors) {
  const Tensors tensors = vae_tensors("mini_vae");
  const Vae vae(as_weights(tensors));
  EXPECT_EQ(vae.scale(), 8);
  EXPECT_EQ(vae.latent_channels(), 4);
  size_t bytes = 0;
  for (const auto& [name, tensor] : tensors) bytes += tensor.nbytes();
  EXPECT_EQ(vae.bytes(), bytes);
}

TEST_F(VaeTest, WithoutQuantConvolutionsTheMomentsAreTheEncodersOwn) {
  Tensors tensors = vae_tensors("mini_sd15");
  Tensors idle = tensors;
  for (const char* name : {"quant_conv", "post_quant_conv"}) {
    const std::string weight = std::string(name) + ".weight", bias = std::string(name) + ".bias";
    const int64_t n = tensors.at(weight).size(0);
    idle[weight] = at::eye(n).view({n, n, 1, 1});
    idle[bias] = at::zeros({n});
    tensors.erase(weight);
    tensors.erase(bias);
  }
  const Vae without(as_weights(tensors)), identity(as_weights(idle));
  const Tensor image = uniform({1, 16, 24, 3}), latent = uniform({1, 4, 2, 3});
  EXPECT_EQ(without.latent_channels(), 4);
  EXPECT_LT(test::max_difference(without.encode(image), identity.encode(image)), 1e-7);
  EXPECT_LT(test::max_difference(without.decode_raw(latent), identity.decode_raw(latent)), 1e-7);
}

TEST_F(VaeTest, AttentionWeightsMayBeMatrices) {
  Tensors tensors = vae_tensors("mini_sd15");
  const Vae convolutional(as_weights(tensors));
  for (auto& [name, tensor] : tensors) {
    if (name.find("attn_1.") != std::string::npos && tensor.dim() == 4) tensor = tensor.flatten(1);
  }
  const Tensor latent = uniform({1, 4, 3, 3});
  EXPECT_TRUE(
      at::equal(Vae(as_weights(tensors)).decode_raw(latent), convolutional.decode_raw(latent)));
}

TEST_F(VaeTest, AnyMissingTensorIsAnErrorThatNamesIt) {
  const Tensors whole = vae_tensors("mini_sd15");
  for (const auto& [name, tensor] : whole) {
    Tensors tensors = whole;
    tensors.erase(name);
    EXPECT_THAT(error_of([&] { const Vae vae(as_weights(tensors)); }), HasSubstr(name));
  }
}

TEST_F(VaeTest, AnyTensorOfAnotherShapeIsAnError) {
  const Tensors whole = vae_tensors("mini_sd15");
  for (const auto& [name, tensor] : whole) {
    Tensors tensors = whole;
    tensors[name] = at::cat({tensor, tensor.narrow(0, 0, 1)});
    EXPECT_NE(error_of([&] { const Vae vae(as_weights(tensors)); }), "") << name;
  }
}

TEST_F(VaeTest, ATensorWithNoPlaceIsAnError) {
  for (const char* name : {"encoder.down.0.attn.0.q.weight", "decoder.up.3.attn.1.norm.bias"}) {
    Tensors tensors = vae_tensors("mini_sd15");
    tensors[name] = at::zeros({3});
    EXPECT_THAT(error_of([&] { const Vae vae(as_weights(tensors)); }), HasSubstr(name));
  }
}

TEST_F(VaeTest, ArgumentsThatDoNotFitAreErrorsThatSayWhatDoes) {
  const Vae vae(as_weights(vae_tensors("mini_sd15")));
  EXPECT_EQ(
      error_of([&] {
        vae.decode(at::zeros({1, 16, 8, 8}));
      }),
      "this VAE takes latents [batch, 4, height, width] of Float, got [1, 16, 8, 8] of Float");
  EXPECT_THAT(error_of([&] {
                vae.encode(at::zeros({1, 7, 16, 3}));
              }),
              HasSubstr("at least 8 by 8 pixels"));
  EXPECT_THAT(error_of([&] {
                vae.encode(at::zeros({1, 16, 16, 1}));
              }),
              HasSubstr("got [1, 16, 16, 1]"));
  EXPECT_THAT(error_of([&] { vae.encode(at::zeros({16, 16, 3})); }), HasSubstr("got [16, 16, 3]"));
  EXPECT_THAT(error_of([&] { vae.encode({}); }), HasSubstr("got nothing"));
}

TEST_F(VaeTest, TheHeartbeatComesBeforeEveryLayerAndMayStopAnything) {
  const test::MapWeights weights = as_weights(vae_tensors("mini_sd15"));
  int beats = 0;
  const Vae vae(weights, [&] { ++beats; });
  EXPECT_EQ(beats, int(weights.names().size()));

  struct Stop {};
  const Heartbeat count = [&] { ++beats; };
  const Tensor latent = uniform({1, 4, 2, 2}), image = uniform({1, 16, 16, 3});
  for (const auto& work : std::vector<std::function<void(const Heartbeat&)>>{
           [&](const Heartbeat& heartbeat) { vae.decode(latent, heartbeat); },
           [&](const Heartbeat& heartbeat) { vae.encode(image, heartbeat); }}) {
    beats = 0;
    work(count);
    const int total = beats;
    EXPECT_GT(total, 40);
    beats = 0;
    EXPECT_THROW(work([&] {
                   if (++beats == total) throw Stop();
                 }),
                 Stop);
    EXPECT_EQ(beats, total);
  }
  EXPECT_THROW(Vae(weights, [] { throw Stop(); }), Stop);
}

}  // namespace
}  // namespace heddle::diffusion
