#include "nodes/weights/checkpoint.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/nodes/weights/model_files.h"

namespace heddle::weights {
namespace {

using ::testing::AllOf;
using test::error_of;
using ::testing::HasSubstr;
using test::only;
using test::spec_tensors;
using test::TestFolder;
using test::without;
using test::write_hollow;

const std::string kMini = "checkpoints/mini_sd15.spec.json";

class CheckpointTest : public ::testing::Test {
 protected:
  Checkpoint open(const test::HollowTensors& tensors) const {
    return open_checkpoint(write_hollow(folder_ / "a.safetensors", tensors));
  }
  std::string error(const test::HollowTensors& tensors) const {
    return error_of([&] { open(tensors); });
  }
  TestFolder folder_;
};

TEST_F(CheckpointTest, StableDiffusion1IsFoundAtAnySize) {
  for (const char* name : {"mini_sd15", "mini_sd15_inpaint", "sd15_full"}) {
    const Checkpoint checkpoint =
        open(spec_tensors(std::string("checkpoints/") + name + ".spec.json"));
    EXPECT_EQ(checkpoint.family, Family::kSd1) << name;
    ASSERT_TRUE(checkpoint.unet && checkpoint.vae && !checkpoint.text.empty()) << name;
    EXPECT_EQ(checkpoint.unet->naming.sources.size(), 686u) << name;
    EXPECT_EQ(checkpoint.vae->naming.sources.size(), 248u) << name;
    EXPECT_TRUE(checkpoint.text[0].naming.sources.contains("text_model.final_layer_norm.weight")) << name;
  }
}

TEST_F(CheckpointTest, ThePocketCheckpointIsStableDiffusion1) {
  const Checkpoint checkpoint = open_checkpoint(std::filesystem::path(HEDDLE_SOURCE_DIR) /
                                                "models/checkpoints/pocket.safetensors");
  EXPECT_EQ(checkpoint.family, Family::kSd1);
  const size_t keys = checkpoint.unet->naming.sources.size() +
                      checkpoint.vae->naming.sources.size() +
                      checkpoint.text[0].naming.sources.size();
  EXPECT_EQ(keys, 742u);
}

TEST_F(CheckpointTest, KeysOfTrainingAreIgnored) {
  auto tensors = spec_tensors(kMini);
  for (const char* name :
       {"alphas_cumprod", "betas", "model_ema.decay", "model.diffusion_model_ema.x",
        "model_ema.diffusion_modelinput_blocks00weight", "logit_scale"}) {
    tensors.push_back({name, "F32", {10}});
  }
  const Checkpoint checkpoint = open(tensors);
  EXPECT_EQ(checkpoint.family, Family::kSd1);
  EXPECT_EQ(checkpoint.unet->naming.sources.size(), 686u);
}

TEST_F(CheckpointTest, ATextEncoderWithoutItsInnerPrefixIsFound) {
  auto tensors = spec_tensors(kMini);
  for (auto& t : tensors) {
    const size_t at = t.name.find("text_model.");
    if (at != std::string::npos) t.name.erase(at, 11);
  }
  const Checkpoint checkpoint = open(tensors);
  ASSERT_FALSE(checkpoint.text.empty());
  EXPECT_EQ(checkpoint.text[0].file_name("text_model.encoder.layers.0.mlp.fc1.weight"),
            "cond_stage_model.transformer.encoder.layers.0.mlp.fc1.weight");
  EXPECT_EQ(checkpoint.text[0].file_name("text_model.nothing"),
            "cond_stage_model.transformer.nothing");
}

TEST_F(CheckpointTest, FilesWithOnePartAloneAreFound) {
  const auto whole = spec_tensors(kMini);
  const Checkpoint bare_unet = open(only(whole, "model.diffusion_model."));
  EXPECT_TRUE(bare_unet.unet && !bare_unet.vae && bare_unet.text.empty());
  EXPECT_EQ(bare_unet.family, Family::kSd1);
  EXPECT_TRUE(open(without(without(whole, "first_stage"), "cond_stage")).unet);
  const Checkpoint bare_vae = open(only(whole, "first_stage_model."));
  EXPECT_TRUE(bare_vae.vae && !bare_vae.unet && bare_vae.text.empty());
  EXPECT_TRUE(open(spec_tensors("checkpoints/mini_vae.spec.json")).vae);
  EXPECT_TRUE(open(without(without(whole, "model.diffusion"), "cond_stage")).vae);
  const Checkpoint bare_text = open(only(whole, "cond_stage_model.transformer."));
  EXPECT_TRUE(!bare_text.text.empty() && !bare_text.unet && !bare_text.vae);
  EXPECT_EQ(bare_text.family, Family::kSd1);
  EXPECT_FALSE(open(without(without(whole, "model.diffusion"), "first_stage")).text.empty());
}

TEST_F(CheckpointTest, MissingTensorsAreListed) {
  const auto whole = spec_tensors(kMini);
  const std::string lost =
      "model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight";
  EXPECT_EQ(error(without(whole, lost)),
            "a.safetensors: the U-Net lacks 1 of 686 tensors: \"" + lost +
                "\". The file is damaged or was cut down; fetch it again");
  EXPECT_THAT(error(without(whole, "encoder.mid.attn_1")),
              AllOf(HasSubstr("the VAE lacks 10 of 248"), HasSubstr("and 7 more")));
  EXPECT_THAT(error(without(whole, "encoder.layers.2.")),
              HasSubstr("the CLIP-L text encoder lacks 16 of"));
}

struct FamilyCase {
  const char* name;
  Family family;
  Prediction prediction;
  std::vector<PartKind> text;
};
const FamilyCase kFamilies[] = {
    {"mini_sd21_eps", Family::kSd2, Prediction::kNoise, {PartKind::kClipH}},
    {"mini_sd21_v", Family::kSd2, Prediction::kV, {PartKind::kClipH}},
    {"mini_sdxl", Family::kSdxl, Prediction::kNoise, {PartKind::kClipL, PartKind::kClipG}},
    {"mini_sdxl_v", Family::kSdxl, Prediction::kVZeroTerminal, {PartKind::kClipL, PartKind::kClipG}},
    {"mini_sdxl_refiner", Family::kSdxlRefiner, Prediction::kNoise, {PartKind::kClipG}},
};

TEST_F(CheckpointTest, EveryFamilyIsFoundWithItsEncodersAndItsPrediction) {
  for (const FamilyCase& c : kFamilies) {
    SCOPED_TRACE(c.name);
    const std::string spec = std::string("checkpoints/") + c.name + ".spec.json";
    const Checkpoint checkpoint =
        open_checkpoint(test::write_golden(folder_ / "b.safetensors", spec));
    EXPECT_EQ(checkpoint.family, c.family);
    EXPECT_EQ(checkpoint.prediction.prediction, c.prediction) << checkpoint.prediction.reason;
    EXPECT_TRUE(checkpoint.unet && checkpoint.vae);
    std::vector<PartKind> kinds;
    for (const Part& text : checkpoint.text) kinds.push_back(text.kind);
    EXPECT_EQ(kinds, c.text);
  }
}

TEST_F(CheckpointTest, FullSizesAreFoundToo) {
  EXPECT_EQ(open(spec_tensors("checkpoints/sd21_full.spec.json")).family, Family::kSd2);
  const Checkpoint sdxl = open(spec_tensors("checkpoints/sdxl_full.spec.json"));
  EXPECT_EQ(sdxl.family, Family::kSdxl);
  EXPECT_EQ(sdxl.text.size(), 2u);
}

const std::string kUNet = "model.diffusion_model.";

// SSD-1B: fewer transformer blocks, a different number in each attention, and half a middle.
test::HollowTensors ssd_1b() {
  const std::map<std::string, int> depths = {
      {"input_blocks.7.1.", 4},  {"input_blocks.8.1.", 4},  {"output_blocks.0.1.", 4},
      {"output_blocks.1.1.", 4}, {"output_blocks.3.1.", 1}, {"output_blocks.4.1.", 1}};
  auto tensors = spec_tensors("checkpoints/sdxl_full.spec.json");
  std::erase_if(tensors, [&](const test::HollowTensor& t) {
    if (t.name.starts_with(kUNet + "middle_block.1.")) return true;
    if (t.name.starts_with(kUNet + "middle_block.2.")) return true;
    for (const auto& [block, depth] : depths) {
      const std::string blocks = kUNet + block + "transformer_blocks.";
      if (t.name.starts_with(blocks)) return std::stoi(t.name.substr(blocks.size())) >= depth;
    }
    return false;
  });
  return tensors;
}

TEST_F(CheckpointTest, DistilledSdxlIsSdxl) {
  const Checkpoint ssd = open(ssd_1b());
  EXPECT_EQ(ssd.family, Family::kSdxl);
  EXPECT_THAT(ssd.reason, HasSubstr("its middle block has no attention"));
  const auto koala = without(spec_tensors("checkpoints/mini_sdxl.spec.json"), "middle_block.");
  EXPECT_EQ(open(koala).family, Family::kSdxl);
  auto turbo = spec_tensors("checkpoints/mini_sdxl.spec.json");
  EXPECT_EQ(open(turbo).family, Family::kSdxl);
  EXPECT_THAT(error(without(ssd_1b(), "input_blocks.7.1.transformer_blocks.1.attn2.to_k.weight")),
              HasSubstr("the U-Net lacks 1 of"));
}

TEST_F(CheckpointTest, MarkersTellWhatSdxlPredicts) {
  const auto predicts = [&](const std::vector<std::string>& markers) {
    auto tensors = spec_tensors("checkpoints/mini_sdxl.spec.json");
    for (const std::string& marker : markers) tensors.push_back({marker, "F32", {0}});
    return open(tensors).prediction.prediction;
  };
  EXPECT_EQ(predicts({"v_pred"}), Prediction::kV);
  EXPECT_EQ(predicts({"v_pred", "ztsnr"}), Prediction::kVZeroTerminal);
  EXPECT_EQ(predicts({"ztsnr"}), Prediction::kNoise);
  EXPECT_EQ(predicts({"edm_mean", "edm_std"}), Prediction::kEdm);
  EXPECT_THROW(predicts({"edm_vpred.sigma_max"}), FileError) << "it must be a number";
}

TEST_F(CheckpointTest, AnInpaintingModelOfSd2PredictsNoise) {
  auto tensors = spec_tensors("checkpoints/mini_sd21_v.spec.json");
  for (auto& t : tensors) {
    if (t.name == kUNet + "input_blocks.0.0.weight") t.shape[1] = 9;
  }
  EXPECT_EQ(open(tensors).prediction.prediction, Prediction::kNoise);
}

TEST_F(CheckpointTest, OnlyKnownNumbersOfInputChannelsAreTaken) {
  const auto with_channels = [](int64_t channels) {
    auto tensors = spec_tensors(kMini);
    for (auto& t : tensors) {
      if (t.name == kUNet + "input_blocks.0.0.weight") t.shape[1] = channels;
    }
    return tensors;
  };
  EXPECT_THAT(open(with_channels(8)).reason, HasSubstr("InstructPix2Pix"));
  EXPECT_THAT(error(with_channels(5)), HasSubstr("its U-Net takes 5 channels; known are 4, 8"));
}

TEST_F(CheckpointTest, OtherFamiliesAreNamed) {
  EXPECT_THAT(
      error({{"model.diffusion_model.double_blocks.0.img_attn.norm.key_norm.scale", "F32", {8}}}),
      AllOf(HasSubstr("a file for Flux"),
            HasSubstr("not supported yet (supported: Stable Diffusion 1.x, 2.x and XL)")));
  EXPECT_THAT(
      error({{"model.diffusion_model.joint_blocks.0.context_block.attn.qkv.weight", "F32", {8}}}),
      HasSubstr("a file for Stable Diffusion 3"));
}

TEST_F(CheckpointTest, OtherFilesAreNamed) {
  EXPECT_THAT(error(spec_tensors("lora/files/sd15_kohya.spec.json")),
              HasSubstr("this is a LoRA, not a checkpoint"));
  auto controlnet = only(spec_tensors(kMini), "model.diffusion_model.");
  controlnet.push_back({"input_hint_block.0.weight", "F32", {16, 3, 3, 3}});
  EXPECT_THAT(error(controlnet), HasSubstr("this is a ControlNet"));
  EXPECT_THAT(error({{"emb_params", "F32", {8, 768}}}), HasSubstr("an embedding"));
  EXPECT_THAT(error({{"latent_tensor", "F32", {1, 4, 8, 8}}}), HasSubstr("a latent"));
  EXPECT_THAT(error({{"decoder.layers.0.weight", "F32", {8}}}),
              HasSubstr("a Tiny AutoEncoder with diffusers' names, which is not supported yet"));
  EXPECT_THAT(
      error({{"stranger", "F32", {8}}}),
      HasSubstr("no U-Net, VAE or text encoder was found among its 1 tensors: \"stranger\""));
  EXPECT_THAT(error({}), HasSubstr("it is empty"));
}

TEST_F(CheckpointTest, PartsThatDoNotBelongTogetherAreAnError) {
  auto tensors = spec_tensors(kMini);
  for (auto& t : tensors) {
    if (t.name.find("attn2.to_k") != std::string::npos) t.shape[1] = 192;
  }
  EXPECT_THAT(error(tensors),
              HasSubstr("its U-Net listens to text 192 wide, but its text encoder gives 128"));
}

TEST_F(CheckpointTest, AVaeOfAnotherFamilyIsAnError) {
  auto tensors = spec_tensors("checkpoints/mini_vae.spec.json");
  for (auto& t : tensors) {
    if (t.name == "decoder.conv_in.weight") t.shape[1] = 16;
  }
  EXPECT_THAT(error(without(tensors, "quant_conv")), HasSubstr("16 latent channels"));
}

TEST_F(CheckpointTest, HostileBlockNumbersDoNotExhaustMemory) {
  auto tensors = spec_tensors(kMini);
  tensors.push_back({"model.diffusion_model.input_blocks.2147483647.0.x", "F32", {1}});
  tensors.push_back({"model.diffusion_model.output_blocks.99999999999.0.x", "F32", {1}});
  EXPECT_EQ(open(tensors).family, Family::kSd1);
  tensors.push_back({"model.diffusion_model.input_blocks.99.0.x", "F32", {1}});
  EXPECT_THAT(error(tensors), HasSubstr("the U-Net lacks"));
}

}  // namespace
}  // namespace heddle::weights
