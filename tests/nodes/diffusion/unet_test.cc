#include "nodes/diffusion/unet.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/nodes/diffusion/network_fixtures.h"

namespace heddle::diffusion {
namespace {

using ::testing::ElementsAre;
using test::golden_json;
using test::golden_tensors;
using ::testing::HasSubstr;
using test::Tensors;

const std::string kPrefix = "model.diffusion_model.";

Tensors unet_tensors(const std::string& checkpoint) {
  return part_tensors(checkpoint + ".spec.json", kPrefix);
}

struct Inputs {
  Tensor x, timesteps, context, y;
};

// Numbers of unit size for any layout.
Inputs some_inputs(const UNetLayout& layout, int64_t batch, int64_t height, int64_t width) {
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(uint64_t(7));
  const auto noise = [&](at::IntArrayRef shape) { return at::randn(shape, generator, at::kFloat); };
  Inputs in;
  in.x = noise({batch, layout.in_channels, height, width});
  in.timesteps = at::arange(batch, at::kFloat) * 300 + 17.5;
  in.context = noise({batch, 19, layout.context_width});
  if (layout.y_width > 0) in.y = noise({batch, layout.y_width});
  return in;
}

Tensor run(const UNet& unet, const Inputs& in, const Heartbeat& heartbeat = {}) {
  return unet.forward(in.x, in.timesteps, in.context, in.y, heartbeat);
}

// ---- Agreement with the reference.

void expect_agrees(const nlohmann::json& about, const Tensors& golden, const std::string& name,
                   const Tensor& value) {
  const double tolerance = about.at("tolerance").at(name);
  EXPECT_LE(test::measured("networks, U-Net", test::max_difference(value, golden.at(name)), tolerance), tolerance)
      << name;
}

void check_case(const UNet& unet, const nlohmann::json& about, const Tensors& golden,
                const std::string& name) {
  const nlohmann::json& test = about.at("unet").at(name);
  const auto input = [&](const char* socket) {
    return test["inputs"].contains(socket) ? golden.at(test["inputs"][socket]) : Tensor();
  };
  size_t taps = 0;
  const UNet::Tap tap = [&](const std::string& part, const Tensor& value) {
    ++taps;
    if (test.contains("taps")) expect_agrees(about, golden, "unet." + name + "." + part, value);
  };
  const Tensor out =
      unet.forward(input("x"), input("timesteps"), input("context"), input("y"), {}, tap);
  if (test.contains("taps")) {
    EXPECT_EQ(taps, test["taps"].size());
  }
  expect_agrees(about, golden, test["output"], out);
}

class UNetTest : public OneThread {};
class UNetLayoutTest : public OneThread {};
class UNetGolden : public OneThread, public ::testing::WithParamInterface<const char*> {};

TEST_P(UNetGolden, EveryCaseAgreesInsideAndOut) {
  const std::string name = GetParam();
  const nlohmann::json about = golden_json("networks/" + name + ".json");
  const Tensors golden = golden_tensors("networks/" + name + ".safetensors");
  const UNet unet(as_weights(unet_tensors(name)));
  for (const auto& [key, test] : about.at("unet").items()) check_case(unet, about, golden, key);
}

INSTANTIATE_TEST_SUITE_P(Checkpoints, UNetGolden,
                         ::testing::Values("mini_sd15", "mini_sd15_inpaint", "mini_sd21_eps",
                                           "mini_sd21_v", "mini_sdxl", "mini_sdxl_refiner"),
                         [](const auto& info) { return std::string(info.param); });

// 3.4 GB of weights.
TEST(UNetFullSize, Sd15AgreesAndDoesNotDependOnThreads) {
  if (!std::getenv("HEDDLE_LONG_TESTS")) GTEST_SKIP() << "HEDDLE_LONG_TESTS is not set";
  const nlohmann::json about = golden_json("networks/sd15_full.json");
  const Tensors golden = golden_tensors("networks/sd15_full.safetensors");
  const UNet unet(as_weights(unet_tensors("sd15_full")));
  for (const auto& [key, test] : about.at("unet").items()) check_case(unet, about, golden, key);

  const Inputs in = some_inputs(unet.layout(), 2, 64, 64);
  const Tensor expected = run(unet, in);
  for (const int threads : {1, 3}) {
    const WithThreads some(threads);
    EXPECT_TRUE(at::equal(run(unet, in), expected)) << threads << " threads";
  }
  const Tensor alone = unet.forward(in.x.narrow(0, 1, 1), in.timesteps.narrow(0, 1, 1),
                                    in.context.narrow(0, 1, 1), {});
  EXPECT_TRUE(at::equal(alone, expected.narrow(0, 1, 1)));
}

class UNetIndependence : public OneThread, public ::testing::WithParamInterface<const char*> {};

TEST_P(UNetIndependence, BytesDoNotDependOnThreads) {
  const UNet unet(as_weights(unet_tensors(GetParam())));
  for (const auto& [height, width] : {std::pair<int64_t, int64_t>{9, 13}, {33, 40}}) {
    const Inputs in = some_inputs(unet.layout(), 2, height, width);
    const Tensor expected = run(unet, in);
    const WithThreads two(2);
    EXPECT_TRUE(at::equal(run(unet, in), expected)) << height << " high";
  }
}

TEST_P(UNetIndependence, BytesDoNotDependOnTheBatch) {
  const UNet unet(as_weights(unet_tensors(GetParam())));
  for (const auto& [height, width] :
       {std::pair<int64_t, int64_t>{9, 13}, {33, 40}, {8, 8}, {1, 1}}) {
    const Inputs in = some_inputs(unet.layout(), 3, height, width);
    const Tensor expected = run(unet, in);
    for (int64_t k = 0; k < 3; ++k) {
      const auto item = [&](const Tensor& x) { return x.defined() ? x.narrow(0, k, 1) : x; };
      const Tensor alone =
          run(unet, {item(in.x), item(in.timesteps), item(in.context), item(in.y)});
      EXPECT_TRUE(at::equal(alone, expected.narrow(0, k, 1)))
          << "item " << k << ", " << height << " high";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Checkpoints, UNetIndependence, ::testing::Values("mini_sd15", "mini_sdxl"),
                         [](const auto& info) { return std::string(info.param); });

// ---- Layouts.

std::vector<int> depths(const std::vector<UNetLayout::Block>& blocks) {
  std::vector<int> result;
  for (const auto& block : blocks) {
    int depth = 0;
    for (const auto& part : block) depth += part.depth;
    result.push_back(depth);
  }
  return result;
}

TEST_F(UNetLayoutTest, Sd15InpaintingFollowsFromShapes) {
  const UNetLayout layout = detect_unet(as_weights(unet_tensors("mini_sd15_inpaint")));
  EXPECT_EQ(layout.in_channels, 9);
  EXPECT_EQ(layout.out_channels, 4);
  EXPECT_EQ(layout.model_channels, 32);
  EXPECT_EQ(layout.time_width, 128);
  EXPECT_EQ(layout.context_width, 128);
  EXPECT_EQ(layout.y_width, 0);
  EXPECT_FALSE(layout.linear_projections);
  EXPECT_THAT(layout.multipliers, ElementsAre(1, 2, 4, 4));
  EXPECT_THAT(layout.residual_blocks, ElementsAre(2, 2, 2, 2));
  EXPECT_THAT(depths(layout.input_blocks), ElementsAre(0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 0, 0));
  EXPECT_THAT(depths(layout.output_blocks), ElementsAre(0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1));
  EXPECT_EQ(layout.input_blocks[4][1].heads, 8);
}

TEST_F(UNetLayoutTest, SdxlAndItsRefinerFollowFromShapes) {
  const UNetLayout base = detect_unet(as_weights(unet_tensors("mini_sdxl")));
  EXPECT_TRUE(base.linear_projections);
  EXPECT_EQ(base.y_width, 1728);
  EXPECT_THAT(base.multipliers, ElementsAre(1, 2, 4));
  EXPECT_THAT(depths(base.input_blocks), ElementsAre(0, 0, 0, 0, 1, 1, 0, 2, 2));
  EXPECT_THAT(depths({base.middle_block}), ElementsAre(2));
  EXPECT_THAT(depths(base.output_blocks), ElementsAre(2, 2, 2, 1, 1, 1, 0, 0, 0));
  EXPECT_EQ(base.input_blocks[7][1].heads, 4);  // 256 channels in heads of 64

  const UNetLayout refiner = detect_unet(as_weights(unet_tensors("mini_sdxl_refiner")));
  EXPECT_EQ(refiner.y_width, 1472);
  EXPECT_THAT(depths(refiner.input_blocks), ElementsAre(0, 0, 0, 0, 2, 2, 0, 2, 2, 0, 0, 0));
}

TEST_F(UNetTest, BytesAreThoseOfItsParameters) {
  const Tensors tensors = unet_tensors("mini_sd15");
  size_t bytes = 0;
  for (const auto& [name, tensor] : tensors) bytes += tensor.nbytes();
  EXPECT_EQ(UNet(as_weights(tensors)).bytes(), bytes);
}

void erase_under(Tensors& tensors, const std::string& prefix) {
  std::erase_if(tensors, [&](const auto& item) { return item.first.starts_with(prefix); });
}

void zero(Tensors& tensors, const std::string& layer) {
  for (const char* end : {".weight", ".bias"}) {
    Tensor& tensor = tensors.at(layer + end);
    tensor = at::zeros_like(tensor);
  }
}

// A part taken away must equal one that adds nothing.
TEST_F(UNetTest, ReducedNetworksSkipThePartsTheyDoNotHave) {
  Tensors reduced = unet_tensors("mini_sdxl"), idle = reduced;
  erase_under(reduced, "output_blocks.1.1.");
  erase_under(reduced, "input_blocks.4.1.");
  erase_under(reduced, "middle_block.1.");
  erase_under(reduced, "middle_block.2.");
  for (const char* layer : {"output_blocks.1.1.proj_out", "input_blocks.4.1.proj_out",
                            "middle_block.1.proj_out", "middle_block.2.out_layers.3"}) {
    zero(idle, layer);
  }
  const UNet small(as_weights(reduced));
  const Inputs in = some_inputs(small.layout(), 1, 12, 8);
  EXPECT_EQ(small.layout().middle_block.size(), 1u);
  EXPECT_TRUE(at::equal(run(small, in), run(UNet(as_weights(idle)), in)));

  erase_under(reduced, "middle_block.");
  zero(idle, "middle_block.0.out_layers.3");
  EXPECT_TRUE(at::equal(run(UNet(as_weights(reduced)), in), run(UNet(as_weights(idle)), in)));
}

TEST_F(UNetTest, OneResidualBlockALevelIsANetworkToo) {
  Tensors tensors = unet_tensors("mini_sd15"), shorter;
  // Keeps input blocks 0, 1, 3 of the first level and drops the other levels: 0 -> res -> down ->
  // (middle) -> up.
  const std::map<std::string, std::string> moved{{"input_blocks.0.", "input_blocks.0."},
                                                 {"input_blocks.1.", "input_blocks.1."},
                                                 {"output_blocks.10.", "output_blocks.0."},
                                                 {"output_blocks.11.", "output_blocks.1."},
                                                 {"time_embed.", "time_embed."},
                                                 {"out.", "out."}};
  for (const auto& [from, to] : moved) {
    for (const auto& [name, tensor] : tensors) {
      if (name.starts_with(from)) shorter.emplace(to + name.substr(from.size()), tensor);
    }
  }
  const UNet unet(as_weights(shorter));
  EXPECT_THAT(unet.layout().residual_blocks, ElementsAre(1));
  const Inputs in = some_inputs(unet.layout(), 1, 5, 4);
  EXPECT_EQ(run(unet, in).sizes(), in.x.sizes());
}

// ---- Damaged and foreign files.

TEST_F(UNetTest, AnyMissingTensorIsAnErrorThatNamesIt) {
  const Tensors whole = unet_tensors("mini_sdxl_refiner");
  for (const auto& [name, tensor] : whole) {
    Tensors tensors = whole;
    tensors.erase(name);
    EXPECT_THAT(error_of([&] { const UNet unet(as_weights(tensors)); }), HasSubstr(name));
  }
}

TEST_F(UNetTest, AnyTensorOfAnotherShapeIsAnErrorWithBothShapes) {
  const Tensors whole = unet_tensors("mini_sd15");
  for (const auto& [name, tensor] : whole) {
    Tensors tensors = whole;
    tensors[name] = at::cat({tensor, tensor.narrow(0, 0, 1)});
    EXPECT_NE(error_of([&] { const UNet unet(as_weights(tensors)); }), "") << name;
  }
  Tensors tensors = whole;
  tensors["input_blocks.1.1.proj_out.bias"] = at::zeros({31});
  EXPECT_EQ(error_of([&] { const UNet unet(as_weights(tensors)); }),
            "U-Net: tensor input_blocks.1.1.proj_out.bias has shape [31], expected [32]");
}

TEST_F(UNetTest, ATensorWithNoPlaceIsAnError) {
  for (const char* name : {"input_blocks.1.0.time_stack.weight", "middle_block.1.norm.scale",
                           "output_blocks.3.2.mystery.weight", "label_emb.weight"}) {
    Tensors tensors = unet_tensors("mini_sd15");
    tensors[name] = at::zeros({3});
    EXPECT_THAT(
        error_of([&] { const UNet unet(as_weights(tensors)); }),
        HasSubstr("label_emb" == std::string(name).substr(0, 9) ? "label_emb.0.0.weight" : name));
  }
}

TEST_F(UNetTest, BlocksThatDoNotConnectAreAnError) {
  const Tensors whole = unet_tensors("mini_sd15");
  Tensors tensors = whole;
  erase_under(tensors, "input_blocks.5.");
  EXPECT_THAT(error_of([&] { detect_unet(as_weights(tensors)); }),
              HasSubstr("under input_blocks.5;"));

  tensors = whole;
  erase_under(tensors, "output_blocks.11.");
  EXPECT_EQ(error_of([&] { detect_unet(as_weights(tensors)); }),
            "U-Net: 12 input blocks but 11 output blocks; expected as many");

  tensors = whole;
  erase_under(tensors, "output_blocks.5.2.");
  EXPECT_THAT(error_of([&] { detect_unet(as_weights(tensors)); }),
              HasSubstr("output_blocks.6 works at level 2, but its input block at level 1"));

  tensors = whole;
  tensors["input_blocks.99999999999.0.weight"] = at::zeros({1});
  EXPECT_THAT(error_of([&] { detect_unet(as_weights(tensors)); }),
              HasSubstr("input_blocks.99999999999"));

  tensors = whole;
  erase_under(tensors, "input_blocks.3.");
  tensors["input_blocks.3.0.conv.weight"] = at::zeros({32, 32, 3, 3});
  EXPECT_THAT(error_of([&] { detect_unet(as_weights(tensors)); }),
              HasSubstr("only in output blocks"));

  EXPECT_THAT(error_of([&] { detect_unet(as_weights({})); }),
              HasSubstr("input_blocks.0.0.weight is missing"));
}

// ---- Arguments.

TEST_F(UNetTest, ArgumentsThatDoNotFitAreErrorsThatSayWhatDoes) {
  const UNet unet(as_weights(unet_tensors("mini_sd15_inpaint")));
  const Inputs good = some_inputs(unet.layout(), 2, 8, 8);
  const auto error = [&](auto change) {
    Inputs in = good;
    change(in);
    return error_of([&] { run(unet, in); });
  };
  EXPECT_EQ(error([](Inputs& in) { in.x = in.x.narrow(1, 0, 4); }),
            "this model takes latents of 9 channels, got 4");
  EXPECT_THAT(error([](Inputs& in) { in.x = in.x[0]; }), HasSubstr("got [9, 8, 8] of Float"));
  EXPECT_THAT(error([](Inputs& in) { in.x = in.x.narrow(2, 0, 0); }), HasSubstr("none empty"));
  EXPECT_THAT(error([](Inputs& in) { in.x = in.x.to(at::kHalf); }), HasSubstr("of Half"));
  EXPECT_THAT(error([](Inputs& in) { in.timesteps = in.timesteps.narrow(0, 0, 1); }),
              HasSubstr("one timestep a latent, [2] of Float, got [1]"));
  EXPECT_THAT(error([](Inputs& in) { in.context = in.context.narrow(2, 0, 64); }),
              HasSubstr("a context [2, tokens, 128] of Float, got [2, 19, 64]"));
  EXPECT_THAT(error([](Inputs& in) {
                in.y = at::zeros({2, 5});
              }),
              HasSubstr("no vector y, got [2, 5]"));
}

TEST_F(UNetTest, AModelWithAVectorInputInsistsOnIt) {
  const UNet unet(as_weights(unet_tensors("mini_sdxl")));
  Inputs in = some_inputs(unet.layout(), 1, 8, 8);
  in.y = Tensor();
  EXPECT_EQ(error_of([&] { run(unet, in); }),
            "this model takes a vector y [1, 1728] of Float, got none");
}

TEST_F(UNetTest, ArgumentsAreLeftAsTheyWereAndNothingOfAutogradIsKept) {
  Tensors tensors = unet_tensors("mini_sd15");
  for (auto& [name, tensor] : tensors) tensor.requires_grad_(true);
  const UNet unet(as_weights(tensors));
  const Inputs in = some_inputs(unet.layout(), 1, 8, 8);
  const Tensor x = in.x.clone(), context = in.context.clone();
  EXPECT_FALSE(run(unet, in).requires_grad());
  EXPECT_TRUE(at::equal(in.x, x));
  EXPECT_TRUE(at::equal(in.context, context));
}

TEST_F(UNetTest, StridesOfArgumentsMeanNothing) {
  const UNet unet(as_weights(unet_tensors("mini_sd15")));
  for (const int64_t size : {1, 8}) {
    const Inputs in = some_inputs(unet.layout(), 1, size, size);
    Inputs strided = in;
    strided.x = at::empty({1, size, size, 4}).permute({0, 3, 1, 2}).copy_(in.x);
    strided.context = in.context.transpose(1, 2).contiguous().transpose(1, 2);
    EXPECT_TRUE(at::equal(run(unet, strided), run(unet, in)));
  }
}

// ---- Stopping.

TEST_F(UNetTest, TheHeartbeatComesBeforeEveryPartAndMayStopAnything) {
  const test::MapWeights weights = as_weights(unet_tensors("mini_sd15"));
  int beats = 0;
  const UNet unet(weights, [&] { ++beats; });
  EXPECT_EQ(beats, int(weights.names().size()));

  const Inputs in = some_inputs(unet.layout(), 1, 8, 8);
  beats = 0;
  run(unet, in, [&] { ++beats; });
  const int total = beats;
  EXPECT_EQ(total,
            1 + 22 + 2 * 16 + 3 + 3 + 1);  // conv_in, residual, transformer + block, down, up, out

  struct Stop {};
  for (const int last : {1, total / 2, total}) {
    beats = 0;
    EXPECT_THROW(run(unet, in,
                     [&] {
                       if (++beats == last) throw Stop();
                     }),
                 Stop);
    EXPECT_EQ(beats, last);
  }
  EXPECT_THROW(UNet(weights, [] { throw Stop(); }), Stop);
}

}  // namespace
}  // namespace heddle::diffusion
