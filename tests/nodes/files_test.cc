// Pictures and latents between files and values.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "nodes/model_config.h"
#include "nodes/output_name.h"
#include "nodes/picture_tensor.h"
#include "nodes/tensor_io.h"
#include "tests/nodes/workshop.h"

namespace heddle {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using test::NodeWorkshop;
using test::TemporaryFolder;

template <class T>
T written_and_read(const T& value) {
  std::stringstream stream;
  SocketType<T>::write(value, stream);
  return SocketType<T>::read(stream);
}

TEST(Values, SurviveTheDiskWhole) {
  const Latent latent = written_and_read(Latent{at::rand({2, 4, 3, 5}), at::rand({1, 1, 3, 5}), {4, 7}});
  EXPECT_EQ(latent.samples.sizes(), (at::IntArrayRef{2, 4, 3, 5}));
  EXPECT_TRUE(latent.noise_mask.defined());
  EXPECT_EQ(latent.batch_index, (std::vector<int64_t>{4, 7}));
  EXPECT_FALSE(written_and_read(Latent{at::rand({1, 4, 1, 1}), {}, {}}).noise_mask.defined());

  diffusion::ConditioningEntry entry;
  entry.cross_attention = at::rand({1, 77, 8});
  entry.strength = 0.5;
  entry.facts.height = 640;
  entry.region.area = diffusion::Area{1, 2, 3, 4};
  entry.region.mask = at::rand({1, 4, 4});
  entry.start_percent = 0.25;
  const auto read = written_and_read(diffusion::Conditioning{entry, {}});
  ASSERT_EQ(read.size(), 2u);
  EXPECT_TRUE(at::equal(read[0].cross_attention, entry.cross_attention));
  EXPECT_FALSE(read[0].pooled.defined());
  EXPECT_EQ(read[0].strength, 0.5);
  EXPECT_EQ(read[0].facts.height, 640);
  EXPECT_FALSE(read[0].facts.width);
  EXPECT_EQ(read[0].region.area, entry.region.area);
  EXPECT_TRUE(at::equal(read[0].region.mask, entry.region.mask));
  EXPECT_EQ(read[0].start_percent, 0.25);
}

TEST(Values, DamagedTensorsAreErrors) {
  std::stringstream good;
  write_tensor(at::rand({3, 3}), good);
  const std::string bytes = good.str();
  for (size_t size = 0; size < bytes.size(); ++size) {
    std::stringstream cut(bytes.substr(0, size));
    EXPECT_THROW(read_tensor(cut), std::runtime_error) << size;
  }
}

TEST(Pictures, ClipAndCutOff) {
  const at::Tensor pixels = at::tensor({-1.0f, 0.999f, 2.0f}).reshape({1, 1, 1, 3});
  EXPECT_EQ(to_picture(pixels, 0).pixels, (std::vector<uint16_t>{0, 254, 255}));
  EXPECT_EQ(to_picture(at::full({1, 1, 1, 1}, 0.5f), 0).pixels, (std::vector<uint16_t>{127, 127, 127}));
}

TEST(Pictures, TransparencyIsTheMaskAndWithoutItTheMaskIsEmpty) {
  NodeWorkshop w;
  const Picture clear{.width = 2, .height = 1, .channels = 4, .depth = 8, .color_key = false,
                      .pixels = {255, 0, 0, 255, 0, 255, 0, 0}};
  write_file_atomically(w.workshop.folders.input / "clear.png", encode_png(clear, {}));
  const Picture plain{.width = 1, .height = 1, .channels = 3, .depth = 8, .color_key = false, .pixels = {1, 2, 3}};
  write_file_atomically(w.workshop.folders.input / "plain.png", encode_png(plain, {}));
  const auto load = [](const std::string& name) {
    return test::graph_of(R"({"1": {"class_type": "LoadImage", "inputs": {"image": ")" + name + R"("}}})");
  };
  EXPECT_TRUE(at::equal(w.value<Mask>(load("clear.png"), "1", 1).values, at::tensor({0.0f, 1.0f}).reshape({1, 1, 2})));
  EXPECT_EQ(w.value<Image>(load("clear.png"), "1", 0).pixels.sizes(), (at::IntArrayRef{1, 1, 2, 3}));
  EXPECT_TRUE(at::equal(w.value<Mask>(load("plain.png"), "1", 1).values, at::zeros({1, 64, 64})));
}

TEST(Pictures, AreSavedInEveryFormatWithTheirGraph) {
  NodeWorkshop w;
  int number = 0;
  for (const auto& [node, extension, more] :
       {std::tuple{"SaveImage", ".png", ""}, {"SaveImageJPEG", ".jpg", R"(, "quality": 80)"},
        {"SaveImageWebP", ".webp", R"(, "quality": 80, "lossless": true)"}}) {
    RunResult result;
    w.run(R"({"1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 16711680}},
              "2": {"class_type": ")" + std::string(node) + R"(", "inputs": {"images": ["1", 0], "filename_prefix": "p/%width%x%height%")" +
              more + "}}}", &result);
    const Json& saved = result.outputs["2"]["images"][0];
    EXPECT_EQ(saved["filename"], "8x8_0000" + std::to_string(++number) + "_" + extension);
    EXPECT_EQ(saved["subfolder"], "p");
    const auto path = w.workshop.folders.output / "p" / saved["filename"].get<std::string>();
    const ImageTexts texts = read_image_texts(read_file(path), path);
    EXPECT_EQ(texts.at(0).first, "prompt");
    EXPECT_THAT(texts.at(0).second, HasSubstr("EmptyImage"));
    EXPECT_NEAR(read_pictures(path)[0].pixels[0], 255, 3);
  }
}

TEST(Latents, SaveAndLoadGiveTheSame) {
  NodeWorkshop w;
  RunResult result;
  w.run(R"({"1": {"class_type": "EmptyLatentImage", "inputs": {"width": 32, "height": 16, "batch_size": 2}},
            "2": {"class_type": "SaveLatent", "inputs": {"samples": ["1", 0], "filename_prefix": "x"}}})", &result);
  std::filesystem::rename(w.workshop.folders.output / "x_00001_.latent", w.workshop.folders.input / "x.latent");
  const Graph load = test::graph_of(R"({"1": {"class_type": "LoadLatent", "inputs": {"latent": "x.latent"}}})");
  EXPECT_TRUE(at::equal(w.value<Latent>(load, "1", 0).samples, at::zeros({2, 4, 2, 4})));
}

TEST(OutputName, CountsUpAndNeverReplaces) {
  const TemporaryFolder folder;
  const auto save = [&](const std::string& prefix) {
    RunContext context;
    return save_numbered(folder.path(), prefix, ".txt", {}, "x", context).filename;
  };
  EXPECT_EQ(save("a"), "a_00001_.txt");
  EXPECT_EQ(save("a"), "a_00002_.txt");
  test::write_text(folder / "a_00041_.png", "x");
  EXPECT_EQ(save("a"), "a_00042_.txt");
  EXPECT_EQ(save("ab"), "ab_00001_.txt");
}

TEST(OutputName, StaysInItsFolder) {
  const TemporaryFolder folder;
  for (const char* prefix : {"../x", "/tmp/x", "a/../../x"}) {
    RunContext context;
    EXPECT_THAT([&] { save_numbered(folder.path(), prefix, ".txt", {}, "x", context); },
                ThrowsMessage<std::runtime_error>(HasSubstr("leaves the output folder")))
        << prefix;
  }
}

TEST(ModelConfig, ReadsPredictionAndClipLayer) {
  const TemporaryFolder folder;
  test::write_text(folder / "v.yaml",
                      "model:\n  params:\n    parameterization: \"v\"\n    cond_stage_config:\n      params:\n        layer_idx: -2\n");
  const ModelConfig config = read_model_config(folder / "v.yaml");
  EXPECT_TRUE(config.predicts_v);
  EXPECT_EQ(config.clip_layer, -2);
  test::write_text(folder / "bad.yaml", "model: [1");
  EXPECT_THAT([&] { read_model_config(folder / "bad.yaml"); }, ThrowsMessage<std::runtime_error>(HasSubstr("bad.yaml")));
}

TEST(Mismatches, AreSaidInWordsBeforeSampling) {
  NodeWorkshop w;
  w.add_model("checkpoints", "mini_sd21_eps.safetensors", "checkpoints/mini_sd21_eps.spec.json");
  const auto fails = [&](const std::string& graph) {
    try {
      w.run(graph);
    } catch (const StepError& error) {
      return std::string(error.what());
    }
    return std::string("nothing failed");
  };
  EXPECT_THAT(fails(R"({"1": {"class_type": "CheckpointLoader", "inputs": {"ckpt_name": "mini_sd21_eps.safetensors"}},
                        "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["1", 1]}},
                        "0": {"class_type": "CheckpointLoader", "inputs": {"ckpt_name": "pocket.safetensors"}},
                        "3": {"class_type": "KSampler", "inputs": {"model": ["0", 0], "seed": 1, "steps": 1, "cfg": 1,
                              "sampler_name": "euler", "scheduler": "normal", "positive": ["2", 0], "negative": ["2", 0],
                              "latent_image": ["4", 0], "denoise": 1}},
                        "4": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
                        "5": {"class_type": "SaveLatent", "inputs": {"samples": ["3", 0], "filename_prefix": "x"}}})"),
              HasSubstr("positive was encoded 192 wide, but this model reads 128"));
}

}  // namespace
}  // namespace heddle
