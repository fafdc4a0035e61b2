#include "nodes/weights/ema_names.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/weights/checkpoint.h"
#include "tests/nodes/weights/model_files.h"

namespace heddle::weights {
namespace {

using test::error_of;
using ::testing::HasSubstr;
using test::spec_tensors;
using test::TestFolder;

const std::string kUNetPrefix = "model.diffusion_model.";

std::string without_dots(std::string name) {
  std::erase(name, '.');
  return name;
}

/// The U-Net's tensors as an average of them alone is kept.
test::HollowTensors averaged(test::HollowTensors tensors) {
  for (test::HollowTensor& tensor : tensors) {
    if (!tensor.name.starts_with(kUNetPrefix)) continue;
    tensor.name = "model_ema.diffusion_model" + without_dots(tensor.name.substr(kUNetPrefix.size()));
  }
  tensors.push_back({"model_ema.decay", "F32", {}});
  tensors.push_back({"model_ema.num_updates", "I64", {}});
  return tensors;
}

TEST(EmaNames, EveryNameOfEveryUNetComesBack) {
  int compared = 0;
  for (const char* name :
       {"mini_sd15", "mini_sd15_inpaint", "mini_sd21_v", "mini_sdxl", "mini_sdxl_refiner"}) {
    for (const auto& tensor : spec_tensors(std::string("checkpoints/") + name + ".spec.json")) {
      if (!tensor.name.starts_with(kUNetPrefix)) continue;
      const std::string expected = tensor.name.substr(kUNetPrefix.size());
      EXPECT_EQ(with_dots(without_dots(expected)), expected);
      ++compared;
    }
  }
  EXPECT_GT(compared, 3000);
}

TEST(EmaNames, NumbersOfTwoDigitsAreToldFromTwoNumbers) {
  EXPECT_EQ(with_dots("output_blocks110out_layers3bias"), "output_blocks.11.0.out_layers.3.bias");
  EXPECT_EQ(with_dots("input_blocks71transformer_blocks10attn2to_out0weight"),
            "input_blocks.7.1.transformer_blocks.10.attn2.to_out.0.weight");
  EXPECT_EQ(with_dots("label_emb00weight"), "label_emb.0.0.weight");
}

TEST(EmaNames, OtherNamesHaveNone) {
  for (const char* name :
       {"logvar", "input_blocksweight", "norm14weight", "outweight", "timeembed0weight"}) {
    EXPECT_FALSE(with_dots(name)) << name;
  }
}

TEST(EmaNames, ACheckpointOfAveragedWeightsAloneIsRead) {
  const TestFolder folder;
  const Checkpoint checkpoint = open_checkpoint(test::write_hollow(
      folder / "a.safetensors", averaged(spec_tensors("checkpoints/mini_sd15.spec.json"))));
  EXPECT_EQ(checkpoint.family, Family::kSd1);
  ASSERT_TRUE(checkpoint.unet && checkpoint.vae && !checkpoint.text.empty());
  EXPECT_EQ(checkpoint.unet->naming.sources.size(), 686u);
  EXPECT_EQ(checkpoint.unet->naming.sources.at("time_embed.0.weight").key,
            "model_ema.diffusion_modeltime_embed0weight");
}

TEST(EmaNames, TheWeightsThemselvesComeFirst) {
  const TestFolder folder;
  test::HollowTensors both = spec_tensors("checkpoints/mini_sd15.spec.json");
  for (const auto& tensor : averaged(test::only(both, ""))) {
    if (tensor.name.starts_with("model_ema.")) both.push_back(tensor);
  }
  const auto file = TensorFile::open(test::write_hollow(folder / "a.safetensors", both));
  EXPECT_EQ(find_part(file->tensors(), PartKind::kUNet)->prefix, kUNetPrefix);
}

TEST(EmaNames, MissingAveragesAreMissingTensors) {
  const TestFolder folder;
  const auto tensors = test::without(averaged(spec_tensors("checkpoints/mini_sd15.spec.json")),
                                        "middle_block0in_layers0");
  EXPECT_THAT(
      error_of([&] { open_checkpoint(test::write_hollow(folder / "a.safetensors", tensors)); }),
      HasSubstr("the U-Net lacks 2 of 686 tensors"));
}

}  // namespace
}  // namespace heddle::weights
