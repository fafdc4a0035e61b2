// The merging nodes, against the formulas, and the LoRA nodes that work on what they give.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "nodes/part_to_save.h"
#include "tests/nodes/workshop.h"

namespace heddle {
namespace {

using ::testing::HasSubstr;
using test::graph_of;
using test::NodeWorkshop;

// Two models of one kind: the golden one, and one whose every weight is -0.4 of it.
class ModelMerging : public ::testing::Test {
 protected:
  ModelMerging() {
    w.add_model("checkpoints", "first.safetensors", "checkpoints/mini_sd15.spec.json");
    const auto first = weights::TensorFile::open(models() / "first.safetensors");
    std::map<std::string, at::Tensor> second;
    for (const auto& [key, info] : first->tensors()) {
      const at::Tensor tensor = first->tensor(key);
      second[key] = tensor.is_floating_point() ? (tensor.to(at::kFloat) * -0.4f).to(at::kHalf) : tensor.clone();
    }
    write_file_atomically(models() / "second.safetensors", weights::safetensors_bytes(second, {}));
  }
  std::filesystem::path models() const { return w.folder / "models/checkpoints"; }

  // The two loaders, and a node "3" that merges them.
  static std::string graph_text(const std::string& node, const std::string& inputs) {
    return R"("1": {"class_type": "CheckpointLoader", "inputs": {"ckpt_name": "first.safetensors"}},
      "2": {"class_type": "CheckpointLoader", "inputs": {"ckpt_name": "second.safetensors"}},
      "3": {"class_type": ")" + node + R"(", "inputs": {)" + inputs + "}}";
  }
  static at::Tensor weight(const PatchedPart& part, const std::string& name) {
    return to_save(part).weights()->get(name);
  }
  Model model(const std::string& node, const std::string& ratios) {
    const std::string inputs = R"("model1": ["1", 0], "model2": ["2", 0])" + (ratios.empty() ? "" : ", " + ratios);
    return w.value<Model>(graph_of("{" + graph_text(node, inputs) + "}"), "3", 0);
  }
  Clip clip(const std::string& node, const std::string& ratios) {
    const std::string inputs = R"("clip1": ["1", 1], "clip2": ["2", 1])" + (ratios.empty() ? "" : ", " + ratios);
    return w.value<Clip>(graph_of("{" + graph_text(node, inputs) + "}"), "3", 0);
  }
  Model loaded(const std::string& id) { return w.value<Model>(graph_of("{" + graph_text("ModelMergeAdd", R"("model1": ["1", 0], "model2": ["2", 0])") + "}"), id, 0); }
  Clip loaded_clip(const std::string& id) { return w.value<Clip>(graph_of("{" + graph_text("CLIPMergeAdd", R"("clip1": ["1", 1], "clip2": ["2", 1])") + "}"), id, 1); }

  // keep * first + add * second, in fp32.
  void expect_mix(const Model& merged, const std::string& name, double keep, double add) {
    const at::Tensor expected = weight(loaded("1").weights, name) * keep + weight(loaded("2").weights, name) * add;
    EXPECT_TRUE(at::equal(weight(merged.weights, name), expected)) << name;
  }
  std::string error(const std::string& graph) {
    try {
      w.run("{" + graph + "}");
    } catch (const std::exception& error) {
      return error.what();
    }
    return "no error";
  }

  NodeWorkshop w;
};

const std::string kInput = "input_blocks.1.0.in_layers.2.weight", kInput10 = "input_blocks.10.0.in_layers.2.weight",
                  kMiddle = "middle_block.1.proj_in.weight", kOutput = "output_blocks.2.0.in_layers.2.bias", kTime = "time_embed.0.weight",
                  kOut = "out.2.weight", kText = "text_model.encoder.layers.1.self_attn.k_proj.weight";

TEST_F(ModelMerging, SimpleMixesByRatio) {
  const Model merged = model("ModelMergeSimple", R"("ratio": 0.3)");
  for (const std::string& name : {kInput, kMiddle, kOutput, kTime}) expect_mix(merged, name, 0.3, 1.0 - 0.3);
}

TEST_F(ModelMerging, SubtractAndAddAreTheirFormulas) {
  expect_mix(model("ModelMergeSubtract", R"("multiplier": -2.5)"), kInput, -2.5, 2.5);
  expect_mix(model("ModelMergeAdd", ""), kInput, 1, 1);
}

TEST_F(ModelMerging, BlocksTakeTheRatioOfTheirPart) {
  const Model merged = model("ModelMergeBlocks", R"("input": 0.1, "middle": 0.2, "out": 0.7)");
  expect_mix(merged, kInput, 0.1, 1.0 - 0.1);
  expect_mix(merged, kMiddle, 0.2, 1.0 - 0.2);
  expect_mix(merged, kOutput, 0.7, 1.0 - 0.7);
  expect_mix(merged, kOut, 0.7, 1.0 - 0.7);
  expect_mix(merged, kTime, 0.1, 1.0 - 0.1);  // no name fits: the first ratio
}

TEST_F(ModelMerging, EveryBlockHasARatioOfItsOwn) {
  const auto ratios = [](const NodeDeclaration& node) {
    std::string text;
    for (const InputSpec& input : node.inputs) {
      if (input.type == "MODEL") continue;
      const double ratio = input.name.starts_with("input_blocks.10") ? 0.6 : input.name.starts_with("input_blocks.1") ? 0.25 : 0.5;
      text += (text.empty() ? "\"" : ", \"") + input.name + "\": " + std::to_string(ratio);
    }
    return text;
  };
  for (const char* node : {"ModelMergeSD1", "ModelMergeSD2"}) {
    const Model merged = model(node, ratios(*w.registry.find(node)));
    expect_mix(merged, kInput, 0.25, 0.75);
    expect_mix(merged, kInput10, 0.6, 1.0 - 0.6);
    expect_mix(merged, kMiddle, 0.5, 0.5);
  }
  // Its names do not end with a dot, and it has no tenth block.
  const Model merged = model("ModelMergeSDXL", ratios(*w.registry.find("ModelMergeSDXL")));
  expect_mix(merged, kInput, 0.25, 0.75);
  expect_mix(merged, kInput10, 0.25, 0.75);
}

TEST_F(ModelMerging, TextEncodersAreMixedLikewise) {
  const auto expect_text_mix = [&](const Clip& merged, double keep, double add) {
    const at::Tensor a = weight(loaded_clip("1").encoders[0].weights, kText), b = weight(loaded_clip("2").encoders[0].weights, kText);
    const at::Tensor expected = (a * keep + b * add).to(at::kHalf).to(at::kFloat);
    EXPECT_TRUE(at::equal(weight(merged.encoders[0].weights, kText), expected));
  };
  expect_text_mix(clip("CLIPMergeSimple", R"("ratio": 0.3)"), 0.3, 1.0 - 0.3);
  expect_text_mix(clip("CLIPMergeSubtract", R"("multiplier": 0.5)"), 0.5, -0.5);
  expect_text_mix(clip("CLIPMergeAdd", ""), 1, 1);
}

TEST_F(ModelMerging, AMergedModelDrawsWhatItsSavedFileDraws) {
  const std::string drawing = R"(, "4": {"class_type": "CheckpointSave", "inputs": {"model": ["3", 0], "clip": ["1", 1], "vae": ["1", 2],
      "filename_prefix": "merged"}})";
  const std::string merge = graph_text("ModelMergeSimple", R"("model1": ["1", 0], "model2": ["2", 0], "ratio": 0.9)");
  w.run("{" + merge + drawing + "}");
  w.workshop.folders.models["checkpoints"].push_back(w.folder / "output");
  const auto sampled = [&](const std::string& model) {
    return R"({)" + merge + R"(, "9": {"class_type": "CheckpointLoader", "inputs": {"ckpt_name": "merged_00001_.safetensors"}},
      "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
      "6": {"class_type": "CLIPEncode", "inputs": {"clip": ["1", 1], "text": "a house"}},
      "7": {"class_type": "KSampler", "inputs": {"model": [")" + model + R"(", 0], "positive": ["6", 0], "negative": ["6", 0],
        "latent_image": ["5", 0], "seed": 3, "steps": 2, "cfg": 1.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0}}})";
  };
  const at::Tensor merged = w.value<Latent>(graph_of(sampled("3")), "7", 0).samples.clone();
  EXPECT_TRUE(at::equal(merged, w.value<Latent>(graph_of(sampled("9")), "7", 0).samples));
  EXPECT_FALSE(at::equal(merged, w.value<Latent>(graph_of(sampled("1")), "7", 0).samples));
}

TEST_F(ModelMerging, AnInpaintingModelKeepsItsFirstConvolutionWithAWarning) {
  w.add_model("checkpoints", "inpaint.safetensors", "checkpoints/mini_sd15_inpaint.spec.json");
  const std::string graph = R"({"1": {"class_type": "CheckpointLoader", "inputs": {"ckpt_name": "inpaint.safetensors"}},
    "2": {"class_type": "CheckpointLoader", "inputs": {"ckpt_name": "second.safetensors"}},
    "3": {"class_type": "ModelMergeAdd", "inputs": {"model1": ["1", 0], "model2": ["2", 0]}}})";
  const Model merged = w.value<Model>(graph_of(graph), "3", 0);
  EXPECT_THAT(w.warnings, HasSubstr("input_blocks.0.0.weight is left as inpaint.safetensors has it"));
  const std::string bias = "input_blocks.0.0.bias";
  const at::Tensor first = weight(w.value<Model>(graph_of(graph), "1", 0).weights, bias);
  EXPECT_TRUE(at::equal(weight(merged.weights, bias), first + weight(loaded("2").weights, bias)));
}

TEST_F(ModelMerging, ADifferenceBecomesALoraThatGivesItBack) {
  w.add_model("loras", "lora.safetensors", "lora/files/sd15_generic_names.spec.json");
  std::filesystem::create_directories(w.folder / "output/loras");
  w.workshop.folders.models["loras"].push_back(w.folder / "output/loras");
  const std::string patched = R"({"1": {"class_type": "CheckpointLoader", "inputs": {"ckpt_name": "first.safetensors"}},
    "2": {"class_type": "LoraLoader", "inputs": {"model": ["1", 0], "clip": ["1", 1], "lora_name": "LORA",
      "strength_model": 1.0, "strength_clip": 1.0}},
    "3": {"class_type": "ModelMergeSubtract", "inputs": {"model1": ["2", 0], "model2": ["1", 0], "multiplier": 1.0}},
    "4": {"class_type": "CLIPMergeSubtract", "inputs": {"clip1": ["2", 1], "clip2": ["1", 1], "multiplier": 1.0}},
    "5": {"class_type": "LoraSave", "inputs": {"model_diff": ["3", 0], "text_encoder_diff": ["4", 0], "rank": 8,
      "lora_type": "standard", "bias_diff": true, "filename_prefix": "loras/extracted"}}})";
  const auto with_lora = [&](const std::string& name) {
    return graph_of(std::string(patched).replace(patched.find("LORA"), 4, name));
  };
  w.run(w.prepare(with_lora("lora.safetensors")));
  const Model before = w.value<Model>(with_lora("lora.safetensors"), "3", 0);
  const Model after = w.value<Model>(with_lora("extracted_00001_.safetensors"), "3", 0);
  ASSERT_TRUE(before.weights.patches && after.weights.patches);
  size_t changed = 0;
  for (const auto& [name, patches] : *before.weights.patches) {
    const at::Tensor change = weight(before.weights, name), found = weight(after.weights, name);
    changed += change.count_nonzero().item<int64_t>() > 0;
    EXPECT_LE((found - change).norm().item<double>(), 1e-3 * change.norm().item<double>()) << name;
  }
  EXPECT_GT(changed, 0u);
  const Clip text_before = w.value<Clip>(with_lora("lora.safetensors"), "4", 0);
  const Clip text_after = w.value<Clip>(with_lora("extracted_00001_.safetensors"), "4", 0);
  const std::string name = "text_model.encoder.layers.1.mlp.fc2.weight";
  const at::Tensor change = weight(text_before.encoders[0].weights, name);
  EXPECT_GT(change.norm().item<double>(), 0);
  // The encoder itself keeps fp16, whose steps a small change only has few of.
  EXPECT_LE((weight(text_after.encoders[0].weights, name) - change).norm().item<double>(), 0.02 * change.norm().item<double>());
}

TEST_F(ModelMerging, NoDifferenceIsNoLora) {
  const std::string same = R"("1": {"class_type": "CheckpointLoader", "inputs": {"ckpt_name": "first.safetensors"}},
    "3": {"class_type": "ModelMergeSubtract", "inputs": {"model1": ["1", 0], "model2": ["1", 0], "multiplier": 1.0}},
    "5": {"class_type": "LoraSave", "inputs": {"rank": 8, "lora_type": "standard", "bias_diff": true, "filename_prefix": "x")";
  EXPECT_THAT(error(same + R"(, "model_diff": ["3", 0]}})"), HasSubstr("the difference is zero everywhere"));
  EXPECT_THAT(error(same + "}}"), HasSubstr("link model_diff, text_encoder_diff or both"));
}

TEST_F(ModelMerging, MergedLorasDoWhatTheyDoOneAfterTheOther) {
  w.add_model("loras", "a.safetensors", "lora/files/sd15_kohya.spec.json");
  w.add_model("loras", "b.safetensors", "lora/files/sd15_kohya_b.spec.json");
  std::filesystem::create_directories(w.folder / "output/loras");
  w.workshop.folders.models["loras"].push_back(w.folder / "output/loras");
  w.run(R"({"1": {"class_type": "LoraMerge", "inputs": {"filename_prefix": "loras/merged", "method": "concatenate", "rank": 32,
    "lora_1": "a.safetensors", "strength_1": 0.7, "lora_3": "b.safetensors", "strength_3": -0.4}}})");
  const Graph graph = graph_of(R"({"1": {"class_type": "CheckpointLoader", "inputs": {"ckpt_name": "first.safetensors"}},
    "2": {"class_type": "LoraLoaderModelOnly", "inputs": {"model": ["1", 0], "lora_name": "a.safetensors", "strength_model": 0.7}},
    "3": {"class_type": "LoraLoaderModelOnly", "inputs": {"model": ["2", 0], "lora_name": "b.safetensors", "strength_model": -0.4}},
    "4": {"class_type": "LoraLoaderModelOnly", "inputs": {"model": ["1", 0], "lora_name": "merged_00001_.safetensors", "strength_model": 1.0}}})");
  const Model apart = w.value<Model>(graph, "3", 0), together = w.value<Model>(graph, "4", 0);
  const Model plain = w.value<Model>(graph, "1", 0);
  const at::Tensor expected = weight(apart.weights, kMiddle), base = weight(plain.weights, kMiddle);
  EXPECT_LT((weight(together.weights, kMiddle) - expected).abs().max().item<double>(), 1e-6);
  EXPECT_GT((expected - base).abs().max().item<double>(), 1e-4);
}

}  // namespace
}  // namespace heddle
