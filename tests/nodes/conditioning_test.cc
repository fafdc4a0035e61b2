// Encoding by more than one text encoder. The golden numbers of it are in pipelines_test.cc.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "tests/nodes/workshop.h"

namespace heddle {
namespace {

using ::testing::HasSubstr;
using test::NodeWorkshop;

struct ConditioningTest : ::testing::Test {
  diffusion::ConditioningEntry encode(const std::string& model, const std::string& node) {
    w.add_model("checkpoints", model + ".safetensors", "checkpoints/" + model + ".spec.json");
    const Graph graph = test::graph_of(R"({"1": {"class_type": "CheckpointLoader", "inputs": {"ckpt_name": ")" + model +
                                          R"(.safetensors"}}, "2": )" + node + "}");
    return w.value<diffusion::Conditioning>(graph, "2", 0).at(0);
  }
  static std::string sdxl(const std::string& g, const std::string& l) {
    return R"({"class_type": "CLIPTextEncodeSDXL", "inputs": {"clip": ["1", 1], "width": 640, "height": 512, "crop_w": 8,
               "crop_h": 16, "target_width": 320, "target_height": 256, "text_g": ")" + g + R"(", "text_l": ")" + l + "\"}}";
  }
  static std::string plain(const std::string& text) {
    return R"({"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": ")" + text + "\"}}";
  }
  NodeWorkshop w;
};

TEST_F(ConditioningTest, EachEncoderOfSdxlReadsItsOwnText) {
  const auto both = encode("mini_sdxl", sdxl("a dog", "a cat"));
  const auto dog = encode("mini_sdxl", plain("a dog")), cat = encode("mini_sdxl", plain("a cat"));
  const int64_t width_l = 128;
  EXPECT_TRUE(at::equal(both.cross_attention.slice(2, 0, width_l), cat.cross_attention.slice(2, 0, width_l)));
  EXPECT_TRUE(at::equal(both.cross_attention.slice(2, width_l), dog.cross_attention.slice(2, width_l)));
  EXPECT_TRUE(at::equal(both.pooled, dog.pooled));
  EXPECT_EQ(both.facts.width, 640);
  EXPECT_EQ(both.facts.height, 512);
  EXPECT_EQ(both.facts.crop_x, 8);
  EXPECT_EQ(both.facts.crop_y, 16);
  EXPECT_EQ(both.facts.target_width, 320);
  EXPECT_EQ(both.facts.target_height, 256);
}

TEST_F(ConditioningTest, TheShorterTextIsFilledUpAndNothingIsCut) {
  std::string words;
  for (int i = 0; i < 90; ++i) words += "cat ";
  const auto filled = encode("mini_sdxl", sdxl(words, "a cat"));
  const auto long_text = encode("mini_sdxl", plain(words)), empty = encode("mini_sdxl", plain(""));
  ASSERT_EQ(filled.cross_attention.size(1), 2 * 77);
  EXPECT_TRUE(at::equal(filled.cross_attention.slice(2, 128), long_text.cross_attention.slice(2, 128)));
  EXPECT_TRUE(at::equal(filled.cross_attention.slice(1, 77).slice(2, 0, 128), empty.cross_attention.slice(2, 0, 128)));
}

TEST_F(ConditioningTest, ClipSkipCountsInBothEncoders) {
  w.add_model("checkpoints", "mini_sdxl.safetensors", "checkpoints/mini_sdxl.spec.json");
  const auto at_layer = [&](int layer) {
    const Graph graph = test::graph_of(R"({"1": {"class_type": "CheckpointLoader", "inputs": {"ckpt_name": "mini_sdxl.safetensors"}},
        "0": {"class_type": "CLIPSetLastLayer", "inputs": {"clip": ["1", 1], "stop_at_clip_layer": )" + std::to_string(layer) +
                                          R"(}}, "2": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["0", 0], "text": "a cat"}}})");
    return w.value<diffusion::Conditioning>(graph, "2", 0).at(0).cross_attention;
  };
  const at::Tensor own = encode("mini_sdxl", plain("a cat")).cross_attention;
  EXPECT_TRUE(at::equal(at_layer(-2), own));
  const at::Tensor last = at_layer(-1);
  EXPECT_FALSE(at::equal(last.slice(2, 0, 128), own.slice(2, 0, 128)));
  EXPECT_FALSE(at::equal(last.slice(2, 128), own.slice(2, 128)));
}

TEST_F(ConditioningTest, TheRefinersNodeTellsSizeAndScore) {
  const auto entry = encode("mini_sdxl_refiner",
                            R"({"class_type": "CLIPTextEncodeSDXLRefiner", "inputs": {"clip": ["1", 1], "ascore": 2.5,
                                "width": 64, "height": 32, "text": "a cat"}})");
  EXPECT_EQ(entry.facts.aesthetic_score, 2.5);
  EXPECT_EQ(entry.facts.width, 64);
  EXPECT_EQ(entry.facts.height, 32);
  EXPECT_TRUE(at::equal(entry.cross_attention, encode("mini_sdxl_refiner", plain("a cat")).cross_attention));
}

TEST_F(ConditioningTest, SdxlsNodeNeedsSdxlsEncoders) {
  try {
    encode("mini_sd15", sdxl("a", "b"));
    ADD_FAILURE() << "no error";
  } catch (const std::exception& error) {
    EXPECT_THAT(error.what(), HasSubstr("this CLIP has no OpenCLIP-G text encoder, only a CLIP-L text encoder"));
  }
}

TEST_F(ConditioningTest, AMissingEmbeddingIsWarnedOfOnce) {
  encode("mini_sdxl", plain("a embedding:nowhere"));
  EXPECT_EQ(w.warnings, "there is no embedding \"nowhere\"; the prompt goes on without it\n");
}

}  // namespace
}  // namespace heddle
