// What a run and a saved picture say of the LoRAs in it.
#include <gmock/gmock.h>

#include "engine/image_file.h"
#include "tests/nodes/workshop.h"

namespace heddle {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using test::NodeWorkshop;

const char* const kNotesGraph = R"({
  "ckpt": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "mini_sd15.safetensors"}},
  "lora": {"class_type": "LoraLoader", "inputs": {"model": ["ckpt", 0], "clip": ["ckpt", 1], "lora_name": "sd15_partly_unknown.safetensors",
           "strength_model": 0.8, "strength_clip": 1}},
  "text": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["lora", 1], "text": "a cat"}},
  "latent": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
  "sample": {"class_type": "KSampler", "inputs": {"model": ["lora", 0], "positive": ["text", 0], "negative": ["text", 0],
             "latent_image": ["latent", 0], "seed": 1, "steps": 1, "cfg": 1, "sampler_name": "euler", "scheduler": "normal", "denoise": 1}},
  "decode": {"class_type": "VAEDecode", "inputs": {"samples": ["sample", 0], "vae": ["ckpt", 2]}},
  "save": {"class_type": "SaveImage", "inputs": {"images": ["decode", 0], "filename_prefix": "x"}}
})";

struct LoraNotes : ::testing::Test {
  LoraNotes() : LoraNotes("") {}
  explicit LoraNotes(const std::filesystem::path& cache) : w(cache) { add_models(w); }
  static void add_models(NodeWorkshop& w) {
    w.add_model("checkpoints", "mini_sd15.safetensors", "checkpoints/mini_sd15.spec.json");
    for (const std::string name : {"sd15_partly_unknown", "sd15_kohya", "sdxl_kohya"}) {
      w.add_model("loras", name + ".safetensors", "lora/files/" + name + ".spec.json");
    }
  }
  static Json saved_record(NodeWorkshop& w, const RunResult& result) {
    const std::string name = result.outputs["save"]["images"][0]["filename"];
    for (const auto& [keyword, text] : read_image_texts(read_file(w.workshop.folders.output / name), name)) {
      if (keyword == "heddle") return parse_json(text);
    }
    return nullptr;
  }
  static std::string error_of(NodeWorkshop& w, const Graph& graph) {
    try {
      w.run(w.prepare(graph));
    } catch (const StepError& error) {
      return error.message;
    }
    return "no error";
  }
  NodeWorkshop w;
};

TEST_F(LoraNotes, ARunSaysWhatALoraIsAndWhatOfItFits) {
  RunResult result;
  w.run(kNotesGraph, &result);
  const Json note = result.notes["lora"]["loras"][0];
  EXPECT_EQ(note["lora"], "sd15_partly_unknown.safetensors");
  EXPECT_EQ(note["kinds"], (Json{{"LoRA", 4}}));
  EXPECT_EQ(note["ranks"], Json::array({4}));
  EXPECT_EQ(note["alphas"], Json::array({2.0}));
  EXPECT_EQ(note["family"], "Stable Diffusion 1.x or 2.x");
  EXPECT_EQ(note["matched"], 3);
  EXPECT_EQ(note["total"], 12);
  EXPECT_EQ(note["unmatched"].size(), 6u);
  EXPECT_EQ(note["misfits"].size(), 1u);
  EXPECT_EQ(result.notes["lora"]["summary"][0],
            "LoRA sd15_partly_unknown.safetensors: LoRA (4 weights), rank 4, alpha 2; for Stable Diffusion 1.x or 2.x; "
            "3 of 12 keys matched");
  for (const Json& key : note["unmatched"]) EXPECT_THAT(w.warnings, HasSubstr(key.get<std::string>()));
  EXPECT_THAT(
      w.warnings,
      AllOf(HasSubstr("6 of 12 keys fit nothing in this model: \"lora_te_text_model_encoder_layers_40_mlp_fc1.alpha\""),
            HasSubstr("3 of 12 keys are of another size"),
            HasSubstr("[48, 4] x [4, 40] does not fit a weight of [32, 128]")));
}

TEST_F(LoraNotes, ASavedPictureSaysTheSameWhetherOrNotStepsWereCached) {
  RunResult first, second;
  w.run(kNotesGraph, &first);
  EXPECT_EQ(w.run(kNotesGraph, &second), "save ");
  const Json record = saved_record(w, first);
  EXPECT_EQ(record, saved_record(w, second));
  ASSERT_EQ(record["notes"].size(), 2u);
  EXPECT_EQ(record["notes"][0]["node"], "CheckpointLoaderSimple");
  EXPECT_EQ(record["notes"][0]["family"], "Stable Diffusion 1.x");
  EXPECT_EQ(record["notes"][1]["node"], "LoraLoader");
  EXPECT_EQ(record["notes"][1]["loras"], first.notes["lora"]["loras"]);
}

TEST_F(LoraNotes, NorWhetherTheyCameFromDisk) {
  const test::TemporaryFolder cache;
  Json record;
  for (int k = 0; k < 2; ++k) {
    NodeWorkshop with_disk(cache.path());
    add_models(with_disk);
    RunResult result;
    EXPECT_EQ(with_disk.run(kNotesGraph, &result) == "save ", k == 1);
    const Json saved = saved_record(with_disk, result);
    if (k == 1) {
      EXPECT_EQ(saved["notes"], record["notes"]);
    }
    record = saved;
  }
}

TEST_F(LoraNotes, ALoraOfAnotherFamilyIsAnErrorOfItsStep) {
  Graph graph = test::graph_of(kNotesGraph);
  test::input_of(graph, "lora.lora_name").literal = "sdxl_kohya.safetensors";
  EXPECT_THAT(error_of(w, graph), AllOf(HasSubstr("looks like a LoRA for Stable Diffusion XL"),
                                        HasSubstr("the model is Stable Diffusion 1.x")));
}

TEST_F(LoraNotes, BlockWeightsOfOneAreTheLoraAndOfZeroTheCheckpoint) {
  const auto sampled = [&](const std::string& node, const char* blocks) {
    Graph graph = test::graph_of(kNotesGraph);
    Step& lora = graph.steps[size_t(graph.find("lora"))];
    lora.node = node;
    test::input_of(graph, "lora.lora_name").literal = "sd15_kohya.safetensors";
    if (blocks) lora.inputs.push_back({.name = "blocks", .literal = blocks});
    return w.value<Latent>(graph, "sample", 0).samples.clone();
  };
  const at::Tensor whole = sampled("LoraLoader", nullptr);
  EXPECT_TRUE(at::equal(sampled("LoraBlockWeights", ""), whole));
  EXPECT_TRUE(at::equal(sampled("LoraBlockWeights", "*:1"), whole));
  EXPECT_TRUE(at::equal(sampled("LoraBlockWeights", "*:0, MID:0.5"),
                        sampled("LoraBlockWeights", "0,0,0,0,0,0,0,0.5,0,0,0,0,0,0,0,0,0")));
  EXPECT_FALSE(at::equal(sampled("LoraBlockWeights", "*:0, MID:0.5"), whole));
}

}  // namespace
}  // namespace heddle
