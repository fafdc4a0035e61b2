#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "nodes/weights/checkpoint.h"
#include "nodes/weights/lora.h"
#include "tests/nodes/weights/model_files.h"

namespace heddle::weights {
namespace {

using ::testing::AllOf;
using test::error_of;
using ::testing::HasSubstr;
using test::HollowTensors;
using test::spec_tensors;
using test::TestFolder;
using test::write_hollow;

const std::string kQuery = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q";
const std::string kLayer = "lora_te_text_model_encoder_layers_0_mlp_fc1";

class LoraMatchTest : public ::testing::Test {
 protected:
  LoraMatchTest() {
    for (const auto& t :
         test::only(spec_tensors("checkpoints/mini_sd15.spec.json"), "model.diffusion_model.")) {
      model_[PartKind::kUNet].emplace(t.name, t.shape);
    }
    for (const auto& t : test::only(spec_tensors("checkpoints/mini_sd15.spec.json"),
                                       "cond_stage_model.transformer.")) {
      model_[PartKind::kClipL].emplace(t.name, t.shape);
    }
  }
  LoraMatch match(const test::HollowTensors& tensors) const {
    return match_lora(*TensorFile::open(write_hollow(folder_ / "a.safetensors", tensors)), model_);
  }
  LoraMatch match_spec(const std::string& name) const {
    return match(spec_tensors("lora/files/" + name + ".spec.json"));
  }
  std::string error(const test::HollowTensors& tensors) const {
    return error_of([&] { match(tensors); });
  }
  std::string error_of_spec(const std::string& name) const {
    return error_of([&] { match_spec(name); });
  }
  static test::HollowTensors pair(const std::string& stem, std::vector<int64_t> up,
                                     std::vector<int64_t> down) {
    return {{stem + ".lora_up.weight", "F16", up}, {stem + ".lora_down.weight", "F16", down}};
  }

  TestFolder folder_;
  PartShapes model_;
};

TEST_F(LoraMatchTest, UnknownKeysAreCountedAndListed) {
  auto tensors = pair(kQuery, {32, 4}, {4, 32});
  tensors.push_back(
      {"lora_unet_down_blocks_9_attentions_0_proj_in.lora_up.weight", "F16", {32, 4}});
  tensors.push_back({"lora_te_text_model_encoder_layers_40_mlp_fc1.alpha", "F16", {}});
  const LoraMatch lora = match(tensors);
  EXPECT_EQ(lora.matched, 2u);
  EXPECT_EQ(lora.total, 4u);
  EXPECT_EQ(lora.left_out, 0u);
  EXPECT_EQ(lora.unmatched, (std::vector<std::string>{
                                "lora_te_text_model_encoder_layers_40_mlp_fc1.alpha",
                                "lora_unet_down_blocks_9_attentions_0_proj_in.lora_up.weight"}));
}

TEST_F(LoraMatchTest, PatchesSayWhereTheyComeFrom) {
  const LoraMatch lora = match(pair(kQuery, {32, 4}, {4, 32}));
  const Patch& patch = lora.patches.at(PartKind::kUNet)
                           .at("input_blocks.1.1.transformer_blocks.0.attn1.to_q.weight")
                           .at(0);
  EXPECT_EQ(patch.source, "a.safetensors: \"" + kQuery + "\"");
  EXPECT_FALSE(patch.alpha);
}

TEST_F(LoraMatchTest, TheBundledLorasFitThePocketCheckpointInFull) {
  const auto models = std::filesystem::path(HEDDLE_SOURCE_DIR) / "models";
  const Checkpoint pocket = open_checkpoint(models / "checkpoints/pocket.safetensors");
  for (const char* name : {"candy", "ink", "snowman"}) {
    const auto file = TensorFile::open(models / "loras" / (std::string(name) + ".safetensors"));
    const LoraMatch lora =
        match_lora(*file, {{PartKind::kUNet, shapes_of(*pocket.file, *pocket.unet)},
                           {PartKind::kClipL, shapes_of(*pocket.file, pocket.text[0])}});
    EXPECT_EQ(lora.matched, 402u) << name;
    EXPECT_EQ(lora.total, 402u) << name;
    EXPECT_EQ(lora.patches.at(PartKind::kUNet).size() + lora.patches.at(PartKind::kClipL).size(),
              134u)
        << name;
  }
}

TEST_F(LoraMatchTest, OneSideAloneIsEnough) {
  EXPECT_EQ(match(pair(kQuery, {32, 4}, {4, 32})).patches.at(PartKind::kUNet).size(), 1u);
  EXPECT_EQ(match(pair(kLayer, {512, 4}, {4, 128})).patches.at(PartKind::kClipL).size(), 1u);
}

TEST_F(LoraMatchTest, TextKeysAreLeftOutWhereTheModelAloneIsPatched) {
  model_.erase(PartKind::kClipL);
  const LoraMatch lora = match_spec("sd15_kohya");
  EXPECT_EQ(lora.left_out, 72u);
  EXPECT_EQ(lora.matched, 576u);
  EXPECT_TRUE(lora.unmatched.empty());
  EXPECT_FALSE(lora.patches.contains(PartKind::kClipL));
  EXPECT_THAT(error(pair(kLayer, {512, 4}, {4, 128})),
              HasSubstr("all its 2 keys are for the text encoder, which is not patched here"));
}

TEST_F(LoraMatchTest, ALoraOfFluxIsAnErrorThatNamesBothFamilies) {
  EXPECT_THAT(
      error_of_spec("flux_names"),
      AllOf(HasSubstr("this LoRA is for another family of models: 0 of its 8 keys"),
            HasSubstr("looks like a LoRA for Flux"), HasSubstr("the model is Stable Diffusion 1.x"),
            HasSubstr("Use a LoRA that was made for this kind of model")));
}

TEST_F(LoraMatchTest, ALoraOfSdxlIsAnErrorThoughKeysMatch) {
  const std::string whole = error_of_spec("sdxl_kohya");
  EXPECT_THAT(whole,
              AllOf(HasSubstr("another family of models"),
                    HasSubstr("looks like a LoRA for Stable Diffusion XL (it has \"lora_te2_"),
                    HasSubstr("the model is Stable Diffusion 1.x")));
  model_.erase(PartKind::kClipL);  // also where only the model is patched
  EXPECT_THAT(error_of_spec("sdxl_kohya"), HasSubstr("another family of models"));
  EXPECT_THAT(error_of_spec("sdxl_onetrainer"), HasSubstr("Stable Diffusion XL"));
  EXPECT_THAT(error_of_spec("sdxl_diffusers"), HasSubstr("Stable Diffusion XL"));
}

TEST_F(LoraMatchTest, ALoraOfAnotherWidthIsAnErrorWithKeyAndShapes) {
  EXPECT_THAT(
      error_of_spec("sd21_kohya"),
      AllOf(HasSubstr("does not fit a weight of ["), HasSubstr("88 of its 88 changes do not fit"),
            HasSubstr("a LoRA for Stable Diffusion 2.x"),
            HasSubstr("the model is Stable Diffusion 1.x with a cross-attention 128 wide")));
}

TEST_F(LoraMatchTest, TheFamilyIsToldByTheWidthOfItsCrossAttention) {
  const std::string key = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k";
  EXPECT_THAT(error(pair(key, {320, 4}, {4, 1024})), HasSubstr("a LoRA for Stable Diffusion 2.x"));
  EXPECT_THAT(error(pair(key, {640, 4}, {4, 2048})), HasSubstr("a LoRA for Stable Diffusion XL"));
}

TEST_F(LoraMatchTest, AFewChangesOfWrongSizeAreLeftOutAndListedWithKeyAndShapes) {
  const LoraMatch lora = match_spec("sd15_partly_unknown");
  EXPECT_EQ(lora.matched, 3u);
  EXPECT_EQ(lora.unmatched.size(), 6u);
  EXPECT_EQ(lora.misfit_keys, 3u);
  EXPECT_EQ(lora.patches.at(PartKind::kUNet).size(), 1u);
  EXPECT_EQ(lora.misfits,
            std::vector<std::string>{
                "\"lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k\": [48, 4] "
                "x [4, 40] does not fit a weight of [32, 128] "
                "(input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight)"});
}

TEST_F(LoraMatchTest, ALoraOfWrongSizeIsAnErrorThatNamesKeyAndShapes) {
  EXPECT_THAT(error(pair(kQuery, {48, 4}, {4, 40})),
              AllOf(HasSubstr("\"" + kQuery + "\": [48, 4] x [4, 40] does not fit a weight of [32"),
                    HasSubstr("1 of its 1 changes do not fit")));
  EXPECT_THAT(error(pair(kQuery, {32, 4}, {8, 32})), HasSubstr("[32, 4] x [8, 32] does not fit"));
  EXPECT_THAT(error(pair(kQuery, {32, 0}, {0, 32})), HasSubstr("has rank 0"));
  EXPECT_THAT(error(pair(kQuery, {1024}, {1, 1})), HasSubstr("does not fit"));
}

TEST_F(LoraMatchTest, WrongShapesOfEveryKindAreNamed) {
  const auto rejects = [&](const HollowTensors& tensors, const std::string& shapes) {
    EXPECT_THAT(error(tensors), HasSubstr(shapes + " does not fit a weight of [32, 32]"));
  };
  rejects({{kQuery + ".hada_w1_a", "F16", {32, 4}},
           {kQuery + ".hada_w1_b", "F16", {4, 32}},
           {kQuery + ".hada_w2_a", "F16", {32, 4}},
           {kQuery + ".hada_w2_b", "F16", {3, 32}}},
          "hada_w1_a [32, 4], hada_w1_b [4, 32], hada_w2_a [32, 4], hada_w2_b [3, 32]");
  rejects({{kQuery + ".lokr_w1", "F16", {4, 4}}, {kQuery + ".lokr_w2", "F16", {8, 4}}},
          "lokr_w1 [4, 4], lokr_w2 [8, 4]");
  rejects({{kQuery + ".a1.weight", "F16", {32, 4}},
           {kQuery + ".a2.weight", "F16", {4, 31}},
           {kQuery + ".b1.weight", "F16", {32, 4}},
           {kQuery + ".b2.weight", "F16", {4, 32}}},
          "a1 [32, 4], a2 [4, 31], b1 [32, 4], b2 [4, 32]");
  rejects({{kQuery + ".oft_blocks", "F16", {4, 8, 7}}}, "oft_blocks [4, 8, 7]");
  rejects({{kQuery + ".oft_blocks", "F16", {4, 4, 8, 8}}}, "oft_blocks [4, 4, 8, 8]");
  rejects({{kQuery + ".diff", "F16", {16, 64}}}, "diff [16, 64]");
  rejects({{kQuery + ".set_weight", "F16", {32}}}, "set_weight [32]");
  auto dora = pair(kQuery, {32, 4}, {4, 32});
  dora.push_back({kQuery + ".dora_scale", "F16", {5}});
  rejects(dora, "[32, 4] x [4, 32], dora_scale [5]");
}

TEST_F(LoraMatchTest, TheLastKindOfAStemCounts) {
  auto tensors = pair(kQuery, {32, 4}, {4, 32});
  tensors.push_back({kQuery + ".lokr_w1", "F16", {4, 4}});
  tensors.push_back({kQuery + ".lokr_w2", "F16", {8, 8}});
  const auto kind = [&] {
    const LoraMatch lora = match(tensors);
    EXPECT_EQ(lora.matched, tensors.size());
    return std::string(kind_name(lora.patches.at(PartKind::kUNet).begin()->second.at(0)));
  };
  EXPECT_EQ(kind(), "LoKr");
  tensors.push_back({kQuery + ".diff", "F16", {32, 32}});
  EXPECT_EQ(kind(), "difference");
}

TEST_F(LoraMatchTest, ABiasThatTheModelLacksIsUnmatched) {
  auto tensors = pair(kQuery, {32, 4}, {4, 32});
  tensors.push_back({kQuery + ".diff_b", "F16", {32}});
  EXPECT_EQ(match(tensors).unmatched, std::vector<std::string>{kQuery + ".diff_b"});
}

TEST_F(LoraMatchTest, AnythingButAWeightIsCalledByItsFullName) {
  const LoraMatch lora = match({{"diffusion_model.input_blocks.0.0.bias.diff", "F16", {32}}});
  EXPECT_TRUE(lora.patches.at(PartKind::kUNet).contains("input_blocks.0.0.bias"));
}

TEST_F(LoraMatchTest, ANameThatNoFileHasAWeightForIsKnown) {
  auto tensors = pair(kQuery, {32, 4}, {4, 32});
  for (const auto& tensor : pair("lora_te1_text_projection", {128, 4}, {4, 128})) {
    tensors.push_back(tensor);
  }
  EXPECT_EQ(match(tensors).matched, 4u);
}

TEST_F(LoraMatchTest, EqualNumbersOfElementsFit) {
  EXPECT_EQ(match(pair(kQuery, {16, 4}, {4, 64})).matched, 2u);
  EXPECT_EQ(match(pair(kQuery, {32, 4, 1, 1}, {4, 32, 1, 1})).matched, 2u);
}

TEST_F(LoraMatchTest, HalfAChangeIsAnError) {
  EXPECT_THAT(error({{kQuery + ".lora_down.weight", "F16", {4, 32}}}),
              HasSubstr("\"" + kQuery + ".lora_up.weight\" is not: the file is damaged"));
  EXPECT_THAT(error({{kQuery + ".hada_w1_a", "F16", {4, 32}}}), HasSubstr(".hada_w1_b\" is not"));
  EXPECT_THAT(error({{kQuery + ".lokr_w1", "F16", {4, 4}}}), HasSubstr(".lokr_w2_a\" is not"));
  EXPECT_THAT(error({{kQuery + ".a1.weight", "F16", {4, 4}}}), HasSubstr(".a2.weight\" is not"));
  EXPECT_THAT(error({{kQuery + ".lora_up.weight", "F16", {32, 4}}}),
              HasSubstr("\"" + kQuery + ".lora_down.weight\" is not: the file is damaged"));
}

TEST_F(LoraMatchTest, TwoNamesForOneWeightAreAnError) {
  auto tensors = pair(kQuery, {32, 4}, {4, 32});
  const auto others =
      pair("lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q", {32, 4}, {4, 32});
  tensors.insert(tensors.end(), others.begin(), others.end());
  EXPECT_THAT(error(tensors), HasSubstr("both change"));
}

TEST_F(LoraMatchTest, FilesThatAreNoLoraAreNamed) {
  EXPECT_THAT(error(spec_tensors("checkpoints/mini_sd15.spec.json")),
              HasSubstr("a.safetensors: this is a checkpoint, not a LoRA"));
  EXPECT_THAT(error({{"x.alpha", "F16", {}}}),
              AllOf(HasSubstr("none of its 1 keys names a weight of the model"),
                    HasSubstr("\"x.alpha\""), HasSubstr("cannot be told")));
  EXPECT_THAT(error({}), HasSubstr("a.safetensors: it is empty"));
}

TEST_F(LoraMatchTest, AlphaMustBeOneFiniteNumber) {
  auto tensors = pair(kQuery, {32, 4}, {4, 32});
  tensors.push_back({kQuery + ".alpha", "F32", {2}});
  EXPECT_THAT(error(tensors), HasSubstr(".alpha\" has shape [2]"));
  test::write_tensors(
      folder_ / "nan.safetensors",
      {{kQuery + ".lora_up.weight", at::ones({32, 4})},
       {kQuery + ".lora_down.weight", at::ones({4, 32})},
       {kQuery + ".alpha", at::full({}, std::numeric_limits<float>::quiet_NaN())}},
      {});
  const auto file = TensorFile::open(folder_ / "nan.safetensors");
  EXPECT_THAT(error_of([&] { match_lora(*file, model_); }), HasSubstr("no finite number"));
}

TEST_F(LoraMatchTest, ValuesThatAreNoNumbersAreAnErrorThatNamesTheKey) {
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), INFINITY}) {
    at::Tensor up = at::ones({32, 4}, at::kHalf);
    up[3][1] = value;
    test::write_tensors(
        folder_ / "nan.safetensors",
        {{kQuery + ".lora_up.weight", up}, {kQuery + ".lora_down.weight", at::ones({4, 32})}}, {});
    const auto file = TensorFile::open(folder_ / "nan.safetensors");
    EXPECT_THAT(error_of([&] { match_lora(*file, model_); }),
                HasSubstr("\"" + kQuery + ".lora_up.weight\" holds values that are no finite"));
  }
}

TEST_F(LoraMatchTest, PatchesDoNotDependOnTheFile) {
  const LoraMatch lora = match(pair(kQuery, {32, 4}, {4, 32}));
  std::filesystem::resize_file(folder_ / "a.safetensors", 10);
  const Patch& patch = lora.patches.at(PartKind::kUNet).begin()->second.at(0);
  EXPECT_EQ(std::get<LowRank>(patch.change).up.abs().sum().item<float>(), 0);
}

}  // namespace
}  // namespace heddle::weights
