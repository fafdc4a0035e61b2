// Networks written back to files.
#include "nodes/weights/model_file_write.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <fstream>

#include "nodes/weights/checkpoint.h"
#include "tests/nodes/weights/model_files.h"

namespace heddle::weights {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using test::error_of;
using test::TestFolder;

std::shared_ptr<const TensorFile> write(const std::filesystem::path& path,
                                        const TensorsToWrite& tensors) {
  std::ofstream out(path, std::ios::binary);
  write_safetensors(tensors, {}, [&](std::string_view bytes) { out << bytes; });
  out.close();
  return TensorFile::open(path);
}

TensorsToWrite all_tensors(const Checkpoint& c, std::shared_ptr<const Patches> unet = nullptr) {
  TensorsToWrite tensors = checkpoint_tensors({c.file, *c.unet, std::move(unet)}, c.family);
  tensors.merge(checkpoint_tensors({c.file, *c.vae, nullptr}, c.family));
  for (const Part& text : c.text) {
    tensors.merge(checkpoint_tensors({c.file, text, nullptr, Rounding::kFp16}, c.family));
  }
  return tensors;
}

// A whole checkpoint of each family comes back as it was, and under the names it had.
class SavedCheckpoint : public ::testing::TestWithParam<const char*> {};

TEST_P(SavedCheckpoint, HasTheTensorsThatItWasLoadedFrom) {
  TestFolder folder;
  const Checkpoint loaded = open_checkpoint(test::write_golden(
      folder / "model.safetensors", std::string("checkpoints/") + GetParam() + ".spec.json"));
  const auto saved = write(folder / "saved.safetensors", all_tensors(loaded));
  size_t compared = 0;
  for (const auto& [key, info] : loaded.file->tensors()) {
    const bool is_weight = c10::isFloatingType(info.type) && !key.ends_with("logit_scale");
    ASSERT_EQ(saved->tensors().contains(key), is_weight) << key;
    if (!is_weight) continue;
    ++compared;
    // Text encoders are kept in fp16, as they are computed with.
    const bool is_text = key.starts_with("cond_stage_model.") || key.starts_with("conditioner.");
    const at::Tensor in_file = loaded.file->tensor(key), after = saved->tensor(key);
    const at::Tensor before = is_text ? in_file.to(at::kHalf) : in_file;
    EXPECT_EQ(after.scalar_type(), before.scalar_type()) << key;
    EXPECT_TRUE(at::equal(after, before)) << key;
  }
  EXPECT_EQ(compared, saved->tensors().size());
}

INSTANTIATE_TEST_SUITE_P(Families, SavedCheckpoint, ::testing::Values("mini_sd15", "mini_sd15_inpaint", "mini_sd21_v", "mini_sdxl",
                                           "mini_sdxl_refiner"),
                         [](const auto& info) { return std::string(info.param); });

class ModelFileWrite : public ::testing::Test {
 protected:
  TestFolder folder_;
  Checkpoint checkpoint_ = open_checkpoint(
      test::write_golden(folder_ / "model.safetensors", "checkpoints/mini_sd15.spec.json"));
};

TEST_F(ModelFileWrite, ChangedWeightsAreF32AndOthersKeepTheirType) {
  const std::string name = "input_blocks.0.0.bias";
  const at::Tensor change = at::full(shapes_of(*checkpoint_.file, *checkpoint_.unet).at(name), 1e-4f);
  const auto patches = std::make_shared<const Patches>(
      Patches{{name, {Patch{.change = Difference{change}}}}});
  const auto saved = write(folder_ / "saved.safetensors", all_tensors(checkpoint_, patches));
  const std::string key = "model.diffusion_model." + name;
  EXPECT_EQ(saved->tensors().at(key).type, at::kFloat);
  EXPECT_TRUE(at::equal(saved->tensor(key), checkpoint_.file->tensor(key).to(at::kFloat) + change));
  EXPECT_EQ(saved->tensors().at("model.diffusion_model.out.2.bias").type, at::kHalf);
}

TEST_F(ModelFileWrite, ATextEncoderOfAnotherTypeIsSavedAsItIsComputedWith) {
  heddle::test::Tensors tensors;
  for (const auto& [key, info] : checkpoint_.file->tensors()) {
    const at::Tensor tensor = checkpoint_.file->tensor(key);
    tensors[key] = tensor.is_floating_point() ? tensor.to(at::kFloat) * 1.0001f : tensor.clone();
  }
  test::write_tensors(folder_ / "f32.safetensors", tensors, {});
  const Checkpoint loaded = open_checkpoint(folder_ / "f32.safetensors");
  write(folder_ / "saved.safetensors", all_tensors(loaded));
  const Checkpoint again = open_checkpoint(folder_ / "saved.safetensors");
  const auto before = part_weights(loaded.file, loaded.text[0], Rounding::kFp16);
  const auto after = part_weights(again.file, again.text[0], Rounding::kFp16);
  const std::string name = "text_model.encoder.layers.0.mlp.fc1.weight";
  EXPECT_EQ(again.file->tensors().at(again.text[0].file_name(name)).type, at::kHalf);
  for (const std::string& each : after->names()) {
    EXPECT_TRUE(at::equal(after->get(each), before->get(each))) << each;
  }
}

TEST_F(ModelFileWrite, APartAloneHasTheNamesOfItsNetwork) {
  const auto saved = write(folder_ / "vae.safetensors",
                           part_tensors({checkpoint_.file, *checkpoint_.vae, nullptr}));
  EXPECT_TRUE(saved->tensors().contains("decoder.conv_in.weight"));
  EXPECT_TRUE(open_checkpoint(folder_ / "vae.safetensors").vae.has_value());
}

TEST_F(ModelFileWrite, ATextEncoderOfAnotherFamilyIsRefused) {
  const PartToSave text{checkpoint_.file, checkpoint_.text[0], nullptr, Rounding::kFp16};
  EXPECT_THAT(error_of([&] { checkpoint_tensors(text, Family::kSd2); }),
              HasSubstr("a checkpoint of Stable Diffusion 2.x has no CLIP-L text encoder"));
  EXPECT_THAT(text_encoders_of(Family::kSdxl), ElementsAre(PartKind::kClipL, PartKind::kClipG));
}

TEST_F(ModelFileWrite, ATensorOtherThanAnnouncedIsAnError) {
  const TensorToWrite wrong{at::kFloat, {2}, [] { return at::ones({3}); }};
  EXPECT_THROW(write_safetensors({{"a", wrong}}, {}, [](std::string_view) {}), std::logic_error);
}

}  // namespace
}  // namespace heddle::weights
