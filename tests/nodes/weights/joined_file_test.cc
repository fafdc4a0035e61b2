#include "nodes/weights/joined_file.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/weights/checkpoint.h"
#include "nodes/weights/diffusers_folder.h"
#include "nodes/weights/unet_names.h"
#include "tests/nodes/weights/model_files.h"

namespace heddle::weights {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using test::error_of;
using test::TestFolder;

void write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

class ShardsTest : public ::testing::Test {
 protected:
  ShardsTest() {
    test::write_tensors(folder_ / "a.safetensors", {{"x", at::ones({2})}}, {});
    test::write_tensors(folder_ / "b.safetensors", {{"y", at::zeros({3})}}, {});
  }
  std::shared_ptr<const TensorFile> open(const std::string& index) const {
    write_text(folder_ / "index.json", index);
    return open_sharded(folder_ / "index.json");
  }
  TestFolder folder_;
};

TEST_F(ShardsTest, AreReadAsOneFile) {
  const auto file = open(R"({"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}})");
  EXPECT_EQ(file->tensors().size(), 2u);
  EXPECT_EQ(file->tensor("x").sum().item<float>(), 2.0f);
  EXPECT_EQ(file->tensor("y").numel(), 3);
  EXPECT_EQ(file->bytes(), std::filesystem::file_size(folder_ / "a.safetensors") +
                               std::filesystem::file_size(folder_ / "b.safetensors"));
  EXPECT_THAT(error_of([&] { file->tensor("z"); }), HasSubstr("there is no tensor \"z\""));
}

TEST_F(ShardsTest, ThatAreMissingAreNamed) {
  EXPECT_EQ(error_of([&] { open(R"({"weight_map": {"x": "a.safetensors", "y": "c.safetensors"}})"); }),
            "index.json: shard \"c.safetensors\" is missing; fetch it again");
  EXPECT_THAT(error_of([&] { open(R"({"weight_map": {"x": "a.safetensors", "y": "a.safetensors"}})"); }),
              HasSubstr("tensor \"y\" is not in shard \"a.safetensors\""));
}

TEST_F(ShardsTest, OutsideOfTheFolderAreRefused) {
  for (const char* shard : {"../a.safetensors", "/etc/passwd", "..", ""}) {
    EXPECT_THAT(
        error_of([&] { open(R"({"weight_map": {"x": ")" + std::string(shard) + R"("}})"); }),
        HasSubstr("is not in the folder of the index"))
        << shard;
  }
}

TEST_F(ShardsTest, NeedAnIndexThatIsOne) {
  for (const std::string& text :
       {std::string("{"), std::string("[]"), std::string(R"({"weight_map": {"x": 1}})"),
        std::string(100000, '['), std::string()}) {
    EXPECT_THAT(error_of([&] { open(text); }), HasSubstr("this is no index of shards"));
  }
}

TEST_F(ShardsTest, WithTheSameTensorAreAnError) {
  const auto a = TensorFile::open(folder_ / "a.safetensors");
  EXPECT_THAT(error_of([&] { join_files(folder_ / "m", {{"", a}, {"", a}}); }),
              HasSubstr("tensor \"x\" is in both a.safetensors and a.safetensors"));
  EXPECT_EQ(join_files(folder_ / "m", {{"", a}, {"p.", a}})->tensors().count("p.x"), 1u);
}

// A model of SD 1 as diffusers lays it out, hollow.
class DiffusersFolderTest : public ::testing::Test {
 protected:
  void write(const std::string& network, const std::string& file,
             const test::HollowTensors& tensors) const {
    std::filesystem::create_directories(folder_ / "sd" / network);
    test::write_hollow(folder_ / "sd" / network / file, tensors);
  }
  static test::HollowTensors unet(const std::string& model) {
    const auto tensors = test::only(
        test::spec_tensors("checkpoints/" + model + ".spec.json"), "model.diffusion_model.");
    NamesAndShapes shapes;
    for (const auto& t : tensors) shapes.emplace(t.name, t.shape);
    test::HollowTensors renamed;
    for (const auto& [name, other] : diffusers_names(shapes)) {
      renamed.push_back({other, "F16", shapes.at(name)});
    }
    return renamed;
  }
  static test::HollowTensors text() {
    return test::only(test::spec_tensors("checkpoints/mini_sd15.spec.json"),
                         "cond_stage_model.transformer.");
  }
  Checkpoint open() const { return open_checkpoint(open_diffusers_folder(folder_ / "sd")); }
  TestFolder folder_;
};

TEST_F(DiffusersFolderTest, IsACheckpoint) {
  write("unet", "diffusion_pytorch_model.safetensors", unet("mini_sd15"));
  write("text_encoder", "model.safetensors", text());
  const Checkpoint checkpoint = open();
  EXPECT_EQ(checkpoint.family, Family::kSd1);
  EXPECT_EQ(checkpoint.unet->naming.sources.size(), 686u);
  EXPECT_EQ(checkpoint.text.at(0).kind, PartKind::kClipL);
  EXPECT_FALSE(checkpoint.vae);
  EXPECT_EQ(checkpoint.unet->file_name("input_blocks.0.0.weight"), "unet.conv_in.weight");
  EXPECT_EQ(checkpoint.file->name(), "sd");
}

TEST_F(DiffusersFolderTest, PrefersHalfPrecision) {
  write("unet", "diffusion_pytorch_model.safetensors", unet("mini_sd15"));
  write("unet", "diffusion_pytorch_model.fp16.safetensors", unet("mini_sd15"));
  write("vae", "diffusion_pytorch_model.safetensors", {{"x", "F16", {1}}});
  EXPECT_THAT(diffusers_files(folder_ / "sd"),
              ElementsAre("unet/diffusion_pytorch_model.fp16.safetensors",
                          "vae/diffusion_pytorch_model.safetensors"));
}

TEST_F(DiffusersFolderTest, MayHaveShards) {
  const auto whole = unet("mini_sd15");
  const auto middle = whole.begin() + 300;
  write("unet", "d-00001-of-00002.safetensors", {whole.begin(), middle});
  write("unet", "d-00002-of-00002.safetensors", {middle, whole.end()});
  nlohmann::json map;
  for (size_t i = 0; i < whole.size(); ++i) {
    map[whole[i].name] = i < 300 ? "d-00001-of-00002.safetensors" : "d-00002-of-00002.safetensors";
  }
  const std::string index = "unet/diffusion_pytorch_model.safetensors.index.json";
  write_text(folder_ / ("sd/" + index), nlohmann::json{{"weight_map", map}}.dump());
  EXPECT_EQ(open().unet->naming.sources.size(), 686u);
  EXPECT_THAT(diffusers_files(folder_ / "sd"),
              ElementsAre(index, "unet/d-00001-of-00002.safetensors",
                          "unet/d-00002-of-00002.safetensors"));
  std::filesystem::remove(folder_ / "sd/unet/d-00002-of-00002.safetensors");
  EXPECT_THAT(error_of([&] { open(); }), HasSubstr("shard \"d-00002-of-00002.safetensors\" is missing"));
}

TEST_F(DiffusersFolderTest, OfSd2HasItsEncoderWithoutTheLastLayer) {
  write("unet", "diffusion_pytorch_model.safetensors", unet("mini_sd21_eps"));
  auto narrow = text();
  for (auto& t : narrow) {
    for (int64_t& n : t.shape) n = n == 128 ? 192 : n;
  }
  write("text_encoder", "model.safetensors", narrow);
  const Checkpoint checkpoint = open();
  EXPECT_EQ(checkpoint.family, Family::kSd2);
  EXPECT_EQ(checkpoint.text.at(0).kind, PartKind::kClipH);
  EXPECT_EQ(checkpoint.text.at(0).layers_left_out, 1);
}

TEST_F(DiffusersFolderTest, WithoutAUNetIsAnError) {
  write("vae", "diffusion_pytorch_model.safetensors", {{"x", "F16", {1}}});
  EXPECT_THAT(error_of([&] { open(); }), HasSubstr("there is no unet/diffusion_pytorch_model"));
  write("transformer", "diffusion_pytorch_model.safetensors", {{"x", "F16", {1}}});
  EXPECT_THAT(error_of([&] { open(); }),
              AllOf(HasSubstr("transformer/"), HasSubstr("not supported yet")));
}

}  // namespace
}  // namespace heddle::weights
