// What is saved is what was there: the file loads as the same model, and draws the same picture.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "tests/nodes/workshop.h"

namespace heddle {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using test::graph_of;
using test::NodeWorkshop;

// A picture of four steps with the given checkpoint and, in front of it, whatever `model` and `clip` are.
std::string drawing(const std::string& loader, const std::string& model, const std::string& clip) {
  return R"("1": {"class_type": "CheckpointLoader", "inputs": {"ckpt_name": ")" + loader + R"("}},
    "20": {"class_type": "CLIPEncode", "inputs": {"clip": )" + clip + R"(, "text": "a red house"}},
    "21": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
    "22": {"class_type": "KSampler", "inputs": {"model": )" + model + R"(, "positive": ["20", 0], "negative": ["20", 0],
      "latent_image": ["21", 0], "seed": 3, "steps": 2, "cfg": 1.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0}},
    "23": {"class_type": "VAEDecode", "inputs": {"samples": ["22", 0], "vae": ["1", 2]}})";
}
const std::string kSavedModel = R"(["1", 0])", kClip = R"(["1", 1])";
const std::string kInk = R"("2": {"class_type": "LoraLoader", "inputs": {"model": ["1", 0], "clip": ["1", 1],
    "lora_name": "ink.safetensors", "strength_model": 0.9, "strength_clip": 0.6}})";

class SavedModels : public ::testing::Test {
 protected:
  SavedModels() {
    for (const char* kind : {"checkpoints", "vae", "clip", "diffusion_models"}) {
      std::filesystem::create_directories(output() / kind);
      w.workshop.folders.models[std::string(kind) == "clip" ? "text_encoders" : kind].push_back(output() / kind);
    }
  }
  std::filesystem::path output() const { return w.folder / "output"; }
  at::Tensor picture(const std::string& graph) { return w.value<Image>(graph_of("{" + graph + "}"), "23", 0).pixels.clone(); }
  std::shared_ptr<const weights::TensorFile> file(const std::string& name) const { return weights::TensorFile::open(output() / name); }

  NodeWorkshop w;
};

TEST_F(SavedModels, ACheckpointLoadsAsItWas) {
  RunResult result;
  w.run(R"({"1": {"class_type": "CheckpointLoader", "inputs": {"ckpt_name": "pocket.safetensors"}},
    "2": {"class_type": "CheckpointSave", "inputs": {"model": ["1", 0], "clip": ["1", 1], "vae": ["1", 2], "filename_prefix": "checkpoints/again"}}})",
        &result);
  EXPECT_EQ(result.outputs["2"]["files"][0]["filename"], "again_00001_.safetensors");
  EXPECT_EQ(result.outputs["2"]["files"][0]["subfolder"], "checkpoints");
  EXPECT_TRUE(at::equal(picture(drawing("pocket.safetensors", kSavedModel, kClip)),
                        picture(drawing("again_00001_.safetensors", kSavedModel, kClip))));

  const auto original = weights::TensorFile::open(std::filesystem::path(HEDDLE_SOURCE_DIR) / "models/checkpoints/pocket.safetensors");
  const auto saved = file("checkpoints/again_00001_.safetensors");
  for (const auto& [key, info] : saved->tensors()) {
    EXPECT_TRUE(at::equal(saved->tensor(key), original->tensor(key))) << key;
  }
  EXPECT_EQ(saved->metadata().at("modelspec.architecture"), "stable-diffusion-v1");
  EXPECT_EQ(saved->metadata().at("modelspec.prediction_type"), "epsilon");
  EXPECT_THAT(saved->metadata().at("prompt"), HasSubstr("pocket.safetensors"));
}

TEST_F(SavedModels, ALoraIsWorkedIn) {
  w.run(R"({"1": {"class_type": "CheckpointLoader", "inputs": {"ckpt_name": "pocket.safetensors"}}, )" + kInk + R"(,
    "3": {"class_type": "CheckpointSave", "inputs": {"model": ["2", 0], "clip": ["2", 1], "vae": ["1", 2], "filename_prefix": "checkpoints/ink"}}})");
  const at::Tensor applied = picture(kInk + "," + drawing("pocket.safetensors", R"(["2", 0])", R"(["2", 1])"));
  // The loader computes this LoRA beside the weights, which rounds otherwise.
  EXPECT_LE(test::max_difference(applied, picture(drawing("ink_00001_.safetensors", kSavedModel, kClip))), 1e-3);
  EXPECT_FALSE(at::equal(applied, picture(drawing("pocket.safetensors", kSavedModel, kClip))));
}

TEST_F(SavedModels, PartsLoadAsTheyWere) {
  w.run(R"({"1": {"class_type": "CheckpointLoader", "inputs": {"ckpt_name": "pocket.safetensors"}},
    "2": {"class_type": "ModelSave", "inputs": {"model": ["1", 0], "filename_prefix": "diffusion_models/m"}},
    "3": {"class_type": "CLIPSave", "inputs": {"clip": ["1", 1], "filename_prefix": "clip/c"}},
    "4": {"class_type": "VAESave", "inputs": {"vae": ["1", 2], "filename_prefix": "vae/v"}}})");
  EXPECT_TRUE(file("diffusion_models/m_00001_.safetensors")->tensors().contains("model.diffusion_model.out.2.weight"));
  EXPECT_TRUE(file("clip/c_clip_l_00001_.safetensors")->tensors().contains("text_model.final_layer_norm.weight"));
  EXPECT_TRUE(file("vae/v_00001_.safetensors")->tensors().contains("decoder.conv_in.weight"));
  const std::string parts = R"("10": {"class_type": "UNETLoader", "inputs": {"unet_name": "m_00001_.safetensors", "weight_dtype": "default"}},
    "11": {"class_type": "CLIPLoader", "inputs": {"clip_name": "c_clip_l_00001_.safetensors", "type": "stable_diffusion"}},
    "12": {"class_type": "VAELoader", "inputs": {"vae_name": "v_00001_.safetensors"}},)";
  std::string graph = parts + drawing("pocket.safetensors", R"(["10", 0])", R"(["11", 0])");
  graph.replace(graph.find(R"("vae": ["1", 2])"), 15, R"("vae": ["12", 0])");
  EXPECT_TRUE(at::equal(picture(graph), picture(drawing("pocket.safetensors", kSavedModel, kClip))));
}

TEST_F(SavedModels, NumbersCountUp) {
  const std::string graph = R"({"1": {"class_type": "VAELoader", "inputs": {"vae_name": "pocket.safetensors"}},
    "2": {"class_type": "VAESave", "inputs": {"vae": ["1", 0], "filename_prefix": "vae/v"}}})";
  w.workshop.folders.models["vae"].push_back(std::filesystem::path(HEDDLE_SOURCE_DIR) / "models/checkpoints");
  w.run(graph);
  w.run(graph);
  EXPECT_TRUE(std::filesystem::exists(output() / "vae/v_00002_.safetensors"));
}

// The files of a folder that have any name at all.
std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
  return names;
}

TEST_F(SavedModels, AFullDiskIsAnErrorAndLeavesNoFile) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{1 << 20, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::string message;
  try {
    w.run(R"({"1": {"class_type": "CheckpointLoader", "inputs": {"ckpt_name": "pocket.safetensors"}},
      "2": {"class_type": "ModelSave", "inputs": {"model": ["1", 0], "filename_prefix": "diffusion_models/m"}}})");
  } catch (const std::exception& error) {
    message = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(message, HasSubstr("m_00001_.safetensors: File too large"));
  EXPECT_THAT(names_in(output() / "diffusion_models"), IsEmpty());
}

}  // namespace
}  // namespace heddle
