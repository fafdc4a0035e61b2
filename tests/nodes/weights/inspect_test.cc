#include "nodes/weights/inspect.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/nodes/weights/model_files.h"

namespace heddle::weights {
namespace {

using test::spec_tensors;
using test::TestFolder;
using test::write_hollow;

std::filesystem::path model(const std::string& name) {
  return std::filesystem::path(HEDDLE_SOURCE_DIR) / "models" / name;
}

FileSummary inspect_hollow(const test::HollowTensors& tensors) {
  const TestFolder folder;
  return inspect_file(write_hollow(folder / "a.safetensors", tensors));
}

TEST(Inspect, SaysAllOfACheckpoint) {
  const FileSummary summary = inspect_file(model("checkpoints/pocket.safetensors"));
  EXPECT_STREQ(kind_name(summary.kind), "checkpoint");
  EXPECT_EQ(summary.family, "Stable Diffusion 1.x");
  EXPECT_EQ(summary.layout,
            "U-Net: 64 channels x (1, 2, 2), 4 input channels, text 128 wide, 10 million weights\n"
            "VAE: 64 channels x (1, 1, 2, 2), 4 latent channels, 4.1 million weights\n"
            "CLIP-L text encoder: 128 wide, 4 layers, 7.1 million weights");
  EXPECT_EQ(summary.prediction, "noise (as all of its family)");
  EXPECT_EQ(summary.tensors, 742u);
  EXPECT_EQ(summary.dtypes, (std::map<std::string, size_t>{{"F16", 742}}));
  EXPECT_EQ(summary.bytes, std::filesystem::file_size(model("checkpoints/pocket.safetensors")));
  EXPECT_EQ(summary.metadata.at("modelspec.title"), "pocket");
}

TEST(Inspect, SaysAllOfALora) {
  const FileSummary summary = inspect_file(model("loras/ink.safetensors"));
  EXPECT_EQ(summary.kind, FileKind::kLora);
  EXPECT_EQ(summary.family, "Stable Diffusion 1.x");
  EXPECT_EQ(summary.reason, "its metadata says \"stable-diffusion-v1/lora\"");
  EXPECT_EQ(summary.layout, "LoRA (134 weights), rank 8, alpha 4");
}

TEST(Inspect, TriggerWordsAreThoseOfTheMetadataAndTheMostFrequentTags) {
  const TestFolder folder;
  const std::map<std::string, std::string> metadata{
      {"modelspec.trigger_phrase", "in ink style"},
      {"ss_tag_frequency", R"({"10_ink": {"ink": 20, "cat": 3}, "5_more": {"cat": 30, "in ink style": 1, "x": "y"}})"}};
  test::write_tensors(folder / "a.safetensors",
                         {{"x.lora_up.weight", at::ones({2, 1})}, {"x.lora_down.weight", at::ones({1, 2})}}, metadata);
  const FileSummary summary = inspect_file(folder / "a.safetensors");
  EXPECT_EQ(summary.triggers, (std::vector<std::string>{"in ink style", "cat", "ink"}));
  EXPECT_EQ(summary.layout, "LoRA (1 weight), rank 1, without alpha: 1");
}

TEST(Inspect, ADamagedLoraSaysWhatIsMissing) {
  const FileSummary summary = inspect_hollow({{"x.lora_up.weight", "F16", {4, 2}}, {"y.diff", "F16", {4}}});
  EXPECT_THAT(summary.layout, ::testing::HasSubstr("difference (1 weight); damaged: a.safetensors: \"x.lora_up.weight\" is there"));
}

TEST(Inspect, SaysAllOfSdxl) {
  const FileSummary sdxl = inspect_hollow(spec_tensors("checkpoints/sdxl_full.spec.json"));
  EXPECT_EQ(sdxl.kind, FileKind::kCheckpoint);
  EXPECT_EQ(sdxl.family, "Stable Diffusion XL");
  EXPECT_EQ(sdxl.reason, "label_emb, and no attention in input_blocks.1");
  EXPECT_EQ(sdxl.prediction, "noise (there is no v_pred)");
  EXPECT_EQ(sdxl.layout,
            "U-Net: 320 channels x (1, 2, 4), 4 input channels, text 2048 wide, 2567 million weights\n"
            "VAE: 128 channels x (1, 2, 4, 4), 4 latent channels, 84 million weights\n"
            "CLIP-L text encoder: 768 wide, 12 layers, 123 million weights\n"
            "OpenCLIP-G text encoder: 1280 wide, 32 layers, 695 million weights");
}

TEST(Inspect, SaysWhatIsSpecial) {
  auto inpainting = spec_tensors("checkpoints/mini_sd15_inpaint.spec.json");
  EXPECT_THAT(inspect_hollow(inpainting).reason, ::testing::HasSubstr("made for inpainting"));
  const auto distilled = test::without(spec_tensors("checkpoints/mini_sdxl.spec.json"), "middle_block.");
  EXPECT_THAT(inspect_hollow(distilled).reason, ::testing::HasSubstr("it has no middle block"));
}

TEST(Inspect, NamesFilesThatCannotBeUsed) {
  const FileSummary loha = inspect_hollow(spec_tensors("lora/files/sd15_loha.spec.json"));
  EXPECT_EQ(loha.kind, FileKind::kLora);
  EXPECT_EQ(loha.layout, "LoHa (6 weights), rank 4, alpha 0");
  EXPECT_EQ(inspect_hollow({{"control_model.x", "F16", {1}}}).what, "a ControlNet");
  EXPECT_EQ(inspect_hollow({{"latent_tensor", "F32", {1, 4, 8, 8}}}).kind, FileKind::kLatent);
  EXPECT_EQ(inspect_hollow({{"stranger", "F32", {1}}}).what, "");
  EXPECT_EQ(inspect_hollow({}).tensors, 0u);
}

TEST(Inspect, OnePartAloneIsCalledByItsName) {
  EXPECT_EQ(inspect_hollow(spec_tensors("checkpoints/mini_vae.spec.json")).kind, FileKind::kVae);
  const auto whole = spec_tensors("checkpoints/mini_sd15.spec.json");
  EXPECT_EQ(inspect_hollow(test::only(whole, "model.diffusion_model.")).kind, FileKind::kUNet);
  EXPECT_EQ(inspect_hollow(test::only(whole, "cond_stage_model.transformer.")).kind,
            FileKind::kTextEncoder);
}

TEST(Inspect, OddShapesDoNotCrash) {
  auto tensors = spec_tensors("checkpoints/mini_sd15.spec.json");
  for (auto& t : tensors) t.shape.clear();
  const FileSummary summary = inspect_hollow(tensors);
  EXPECT_EQ(summary.kind, FileKind::kCheckpoint);
  EXPECT_EQ(summary.family, "");
}

}  // namespace
}  // namespace heddle::weights
