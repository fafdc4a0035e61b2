// What inpainting nodes make of pictures and masks that do not fit (see the golden pipelines inpaint_* for the numbers).
#include <gmock/gmock.h>

#include "tests/nodes/run_node.h"
#include "tests/nodes/workshop.h"

namespace heddle {
namespace {

using diffusion::Conditioning;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using test::image;
using test::latent;
using test::link;
using test::literal;
using test::mask;
using test::run_node;

/// A VAE for all tests here: its file takes longer to write than they take to run.
class InpaintNodes : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    workshop = std::make_unique<test::NodeWorkshop>();
    workshop->add_model("vae", "mini_vae.safetensors", "checkpoints/mini_vae.spec.json");
    workshop->value<VaeValue>(
        test::graph_of(R"({"1": {"class_type": "VAELoader", "inputs": {"vae_name": "mini_vae.safetensors"}}})"), "1", 0);
  }
  static void TearDownTestSuite() { workshop.reset(); }
  static test::Given vae() { return workshop->last; }
  inline static std::unique_ptr<test::NodeWorkshop> workshop;
};

Conditioning prompt() {
  Conditioning result(1);
  result[0].cross_attention = at::zeros({1, 77, 8});
  return result;
}

TEST_F(InpaintNodes, MasksAreResizedCutAndGrown) {
  at::Tensor half = at::zeros({1, 1, 2});
  half[0][0][1] = 1;
  const auto encoded = [&](int grow) {
    return run_node("VAEEncodeForInpaint", {{"pixels", image(at::rand({1, 19, 35, 3}))}, {"vae", vae()}, {"mask", mask(half)},
                                            {"grow_mask_by", literal(grow)}}).get<Latent>();
  };
  const at::Tensor plain = encoded(0).noise_mask, grown = encoded(7).noise_mask;
  EXPECT_EQ(plain.sizes(), (at::IntArrayRef{1, 1, 16, 32}));
  EXPECT_EQ(encoded(0).samples.size(3), 4);
  const auto first_white = [](const at::Tensor& m) { return m[0][0][0].nonzero().min().item<int64_t>(); };
  EXPECT_EQ(first_white(plain) - first_white(grown), 3);
}

TEST_F(InpaintNodes, ConditioningCarriesThePictureAroundTheHole) {
  const auto result = run_node("InpaintModelConditioning",
                               {{"positive", link(prompt())}, {"negative", link(prompt())}, {"vae", vae()},
                                {"pixels", image(at::rand({1, 16, 16, 3}))}, {"mask", mask(at::ones({1, 16, 16}))}});
  const auto& entry = result.get<Conditioning>(0).at(0);
  EXPECT_EQ(entry.concat_mask.sizes(), (at::IntArrayRef{1, 16, 16}));
  const auto grey = run_node("VAEEncode", {{"pixels", image(at::full({1, 16, 16, 3}, 0.5f))}, {"vae", vae()}});
  EXPECT_LE(test::max_difference(entry.concat_latent, grey.samples()), 1e-5);
  EXPECT_TRUE(result.get<Latent>(2).noise_mask.defined());
}

TEST_F(InpaintNodes, EditingModelsSeeThePictureAndStartEmpty) {
  const at::Tensor pixels = at::rand({1, 20, 16, 3});
  const auto result = run_node("InstructPixToPixConditioning", {{"positive", link(prompt())}, {"negative", link(prompt())},
                                                                {"vae", vae()}, {"pixels", image(pixels)}});
  const auto encoded = run_node("VAEEncode", {{"pixels", image(pixels)}, {"vae", vae()}});
  EXPECT_TRUE(at::equal(result.get<Conditioning>(1).at(0).concat_latent, encoded.samples()));
  EXPECT_FALSE(result.get<Conditioning>(1).at(0).concat_mask.defined());
  EXPECT_EQ(result.samples(2).abs().max().item<float>(), 0);
  EXPECT_EQ(result.samples(2).sizes(), encoded.samples().sizes());
}

TEST_F(InpaintNodes, WhatDoesNotFitIsSaid) {
  const auto encode = [&](const at::Tensor& pixels, const at::Tensor& hole) {
    run_node("VAEEncodeForInpaint", {{"pixels", image(pixels)}, {"vae", vae()}, {"mask", mask(hole)}});
  };
  const at::Tensor good = at::rand({1, 16, 16, 3}), white = at::ones({1, 16, 16});
  const auto says = [](const char* words) { return ThrowsMessage<std::runtime_error>(HasSubstr(words)); };
  EXPECT_THAT([&] { encode(good, at::ones({3, 16, 16})); }, says("the mask is a batch of 3, but 1 are needed"));
  EXPECT_THAT([&] { encode(good, at::ones({0, 16, 16})); }, says("mask is an empty mask"));
  EXPECT_THAT([&] { encode(good, white * NAN); }, says("the mask holds NaN"));
  EXPECT_THAT([&] { encode(at::rand({1, 4, 16, 3}), white); }, says("16x4 pixels; this VAE needs at least 8"));
  EXPECT_THAT([&] { encode(at::rand({1, 16, 16, 1}), white); }, says("has 1 channels, but 3 are needed"));
  EXPECT_THAT(([&] { run_node("SetLatentNoiseMask", {{"samples", latent(at::zeros({1, 4, 2, 2}))}, {"mask", mask(white * NAN)}}); }),
              says("the mask holds NaN"));
}

TEST_F(InpaintNodes, TilesMustEndOnCells) {
  const auto encode = [&](int tile, int overlap) {
    run_node("VAEEncodeTiled", {{"pixels", image(at::rand({1, 16, 16, 3}))}, {"vae", vae()}, {"tile_size", literal(tile)},
                                {"overlap", literal(overlap)}});
  };
  EXPECT_THAT([&] { encode(100, 8); }, ThrowsMessage<std::invalid_argument>(HasSubstr("do not end on latent cells")));
  EXPECT_THAT([&] { encode(128, 64); }, ThrowsMessage<std::invalid_argument>(HasSubstr("less than half a tile")));
}

}  // namespace
}  // namespace heddle
