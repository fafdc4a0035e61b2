// Patches of sampling in whole graphs: each changes the latent, and at its neutral setting no byte.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>

#include "nodes/weights/patch.h"
#include "nodes/weights/safetensors.h"
#include "tests/nodes/workshop.h"

namespace heddle {
namespace {

using ::testing::HasSubstr;
using test::NodeWorkshop;

const nlohmann::json kModel{"1", 0}, kPositive{"2", 0}, kNegative{"3", 0}, kEmpty{"6", 0};

/// A latent of 16 x 16 cells, three steps; step 7 samples `model`.
nlohmann::json base_graph(const nlohmann::json& model) {
  const auto text = [](const char* words) {
    return nlohmann::json{{"class_type", "CLIPTextEncode"}, {"inputs", {{"text", words}, {"clip", {"1", 1}}}}};
  };
  return {{"1", {{"class_type", "CheckpointLoaderSimple"}, {"inputs", {{"ckpt_name", "mini_sd15.safetensors"}}}}},
          {"2", text("a red fox in the snow, morning light")},
          {"3", text("blurry, low quality")},
          {"6", text("")},
          {"5",
           {{"class_type", "EmptyLatentImage"}, {"inputs", {{"width", 128}, {"height", 128}, {"batch_size", 1}}}}},
          {"7",
           {{"class_type", "KSampler"},
            {"inputs",
             {{"model", model}, {"seed", 1}, {"steps", 3}, {"cfg", 5.0}, {"sampler_name", "euler"},
              {"scheduler", "normal"}, {"positive", kPositive}, {"negative", kNegative}, {"latent_image", {"5", 0}},
              {"denoise", 1.0}}}}}};
}

void add_patch(nlohmann::json& graph, const std::string& id, const std::string& node, nlohmann::json inputs,
               const nlohmann::json& model = kModel) {
  inputs["model"] = model;
  graph[id] = {{"class_type", node}, {"inputs", inputs}};
}

class ModelPatches : public ::testing::Test {
 protected:
  ModelPatches() { at::set_num_threads(1); }
  ~ModelPatches() override { at::set_num_threads(threads_); }

  static NodeWorkshop& workshop() {
    static NodeWorkshop w;
    w.add_model("checkpoints", "mini_sd15.safetensors", "checkpoints/mini_sd15.spec.json");
    return w;
  }
  /// The graph with every literal that it leaves out at its default, as an editor would save it.
  static Graph whole(nlohmann::json graph) {
    for (auto& [id, step] : graph.items()) {
      for (const InputSpec& input : workshop().registry.find(step["class_type"].get<std::string>())->inputs) {
        if (step["inputs"].contains(input.name) || input.default_value.is_null()) continue;
        step["inputs"][input.name] = nlohmann::json::parse(input.default_value.dump());
      }
    }
    return test::graph_of(graph.dump());
  }
  static at::Tensor latent(const nlohmann::json& graph) {
    return workshop().value<Latent>(whole(graph), "7", 0).samples.clone();
  }
  static at::Tensor patched(const std::string& node, const nlohmann::json& inputs, double cfg = 5) {
    nlohmann::json graph = base_graph({"9", 0});
    graph["7"]["inputs"]["cfg"] = cfg;
    add_patch(graph, "9", node, inputs);
    return latent(graph);
  }
  static at::Tensor plain(double cfg = 5) {
    nlohmann::json graph = base_graph(kModel);
    graph["7"]["inputs"]["cfg"] = cfg;
    return latent(graph);
  }

 private:
  const int threads_ = at::get_num_threads();
};

struct Patch {
  const char* node;
  nlohmann::json inputs;
  nlohmann::json neutral = nullptr;  // inputs that change nothing
};

nlohmann::json shrink(nlohmann::json inputs) {
  inputs["downscale_method"] = inputs["upscale_method"] = "bicubic";
  return inputs;
}

const std::vector<Patch>& patches() {
  static const std::vector<Patch> all{
      {"FreeU", {{"s1", 0.5}}, {{"b1", 1.0}, {"b2", 1.0}, {"s1", 1.0}, {"s2", 1.0}}},
      {"FreeU_V2", {{"b1", 1.5}}, {{"b1", 1.0}, {"b2", 1.0}, {"s1", 1.0}, {"s2", 1.0}}},
      {"HyperTile", {{"tile_size", 64}}, {{"tile_size", 128}}},
      {"PatchModelAddDownscale", shrink({{"block_number", 3}}), shrink({{"downscale_factor", 1.0}})},
      {"PatchModelAddDownscale", shrink({{"downscale_after_skip", false}}), shrink({{"start_percent", 1.0}})},
      {"TomePatchModel", {{"ratio", 0.5}}, {{"ratio", 0.0}}},
      {"RescaleCFG", {{"multiplier", 0.7}}, {{"multiplier", 0.0}}},
      {"RenormCFG", {{"renorm_cfg", 0.9}}, {{"renorm_cfg", 0.0}}},
      {"VideoLinearCFGGuidance", {{"min_cfg", 1.0}}, {{"min_cfg", 5.0}}},
      {"VideoTriangleCFGGuidance", {{"min_cfg", 1.0}}, {{"min_cfg", 5.0}}},
      {"PerpNeg", {{"empty_conditioning", kEmpty}}},
      {"TCFG", nlohmann::json::object()},
      {"APG", {{"eta", 0.5}}},
      {"FreSca", {{"scale_high", 2.0}, {"freq_cutoff", 3}}, {{"scale_high", 1.0}}},
      {"PerturbedAttentionGuidance", {{"scale", 3.0}}, {{"scale", 0.0}}},
      {"SelfAttentionGuidance", {{"scale", 1.0}}, {{"scale", 0.0}}},
      {"Epsilon Scaling", {{"scaling_factor", 1.02}}, {{"scaling_factor", 1.0}}},
      {"CFGZeroStar", nlohmann::json::object()},
      {"CFGNorm", {{"strength", 1.0}}},
      {"Mahiro", nlohmann::json::object()},
  };
  return all;
}

TEST_F(ModelPatches, ChangeTheLatentAndNothingAtTheirNeutralSetting) {
  const at::Tensor without = plain();
  for (const Patch& patch : patches()) {
    SCOPED_TRACE(patch.node);
    const at::Tensor with = patched(patch.node, patch.inputs);
    EXPECT_TRUE(with.isfinite().all().item<bool>());
    EXPECT_GT(test::max_difference(with, without), 1e-3);
    if (patch.neutral.is_null()) continue;
    EXPECT_TRUE(at::equal(patched(patch.node, patch.neutral), without));
  }
}

TEST_F(ModelPatches, TwoThreadsGiveTheSameBytes) {
  nlohmann::json graph = base_graph({"15", 0});
  add_patch(graph, "10", "FreeU_V2", {});
  add_patch(graph, "11", "HyperTile", {{"tile_size", 64}}, {"10", 0});
  add_patch(graph, "12", "SelfAttentionGuidance", {}, {"11", 0});
  add_patch(graph, "13", "APG", {}, {"12", 0});
  add_patch(graph, "14", "Mahiro", {}, {"13", 0});
  add_patch(graph, "15", "TomePatchModel", {}, {"14", 0});
  const at::Tensor one = latent(graph);
  NodeWorkshop again;
  again.add_model("checkpoints", "mini_sd15.safetensors", "checkpoints/mini_sd15.spec.json");
  at::set_num_threads(2);
  EXPECT_TRUE(at::equal(one, again.value<Latent>(whole(graph), "7", 0).samples));
}

TEST_F(ModelPatches, AtCfgOneOnlyThoseThatNeedTheNegativeChangeAnything) {
  const at::Tensor without = plain(1);
  for (const char* node : {"RescaleCFG", "VideoLinearCFGGuidance", "TCFG", "APG", "FreSca", "CFGZeroStar", "Mahiro"}) {
    EXPECT_TRUE(at::equal(patched(node, nlohmann::json::object(), 1), without)) << node;
  }
  EXPECT_FALSE(at::equal(patched("SelfAttentionGuidance", {{"scale", 1.0}}, 1), without));
  EXPECT_FALSE(at::equal(patched("PerturbedAttentionGuidance", {{"scale", 3.0}}, 1), without));
}

TEST_F(ModelPatches, FactorsOfAttentionChangeTheLatentUnlessTheyAreOne) {
  const at::Tensor without = plain();
  const nlohmann::json ones{{"q", 1.0}, {"k", 1.0}, {"v", 1.0}, {"out", 1.0}};
  for (const char* node : {"UNetSelfAttentionMultiply", "UNetCrossAttentionMultiply"}) {
    EXPECT_TRUE(at::equal(patched(node, ones), without)) << node;
    for (const char* side : {"q", "k", "v", "out"}) {
      EXPECT_FALSE(at::equal(patched(node, {{side, 1.5}}), without)) << node << "." << side;
    }
  }
  const char* over_pictures = "UNetTemporalAttentionMultiply";
  EXPECT_TRUE(at::equal(patched(over_pictures, {{"self_temporal", 0.0}, {"cross_temporal", 0.0}}), without));
  EXPECT_TRUE(at::equal(patched(over_pictures, {{"self_structural", 0.5}}),
                        patched("UNetSelfAttentionMultiply", {{"out", 0.5}})));
  EXPECT_TRUE(at::equal(patched(over_pictures, {{"cross_structural", 0.5}}),
                        patched("UNetCrossAttentionMultiply", {{"out", 0.5}})));
}

TEST_F(ModelPatches, FactorsOfAttentionMultiplyWeightAndBias) {
  const nlohmann::json graph = [] {
    nlohmann::json g = base_graph(kModel);
    add_patch(g, "9", "UNetSelfAttentionMultiply", {{"out", 2.0}});
    return g;
  }();
  const Model& model = workshop().value<Model>(whole(graph), "9", 0);
  std::set<std::string> endings;
  for (const auto& [name, patches] : *model.weights.patches) {
    ASSERT_EQ(patches.size(), 1u);
    const at::Tensor weight = at::tensor({3.f, -1.f});
    EXPECT_TRUE(at::equal(weights::apply_patches(weight, patches), weight * 2));
    endings.insert(name.substr(name.find("attn")));
  }
  EXPECT_EQ(endings, (std::set<std::string>{"attn1.to_out.0.weight", "attn1.to_out.0.bias"}));
}

TEST_F(ModelPatches, FactorsOfTextAttentionChangeTheConditioning) {
  const auto encoded = [](double k) {
    nlohmann::json graph = base_graph(kModel);
    graph["8"] = {{"class_type", "CLIPAttentionMultiply"}, {"inputs", {{"clip", {"1", 1}}, {"k", k}}}};
    graph["2"]["inputs"]["clip"] = {"8", 0};
    return workshop()
        .value<diffusion::Conditioning>(whole(graph), "2", 0)[0]
        .cross_attention.clone();
  };
  const at::Tensor without =
      workshop().value<diffusion::Conditioning>(whole(base_graph(kModel)), "2", 0)[0].cross_attention;
  EXPECT_TRUE(at::equal(encoded(1), without));
  EXPECT_GT(test::max_difference(encoded(1.5), without), 1e-3);
}

// One whose key modules give what they get: at strength 0.5 every key is 1.5 times what it was.
TEST_F(ModelPatches, AHypernetworkChangesWhatEveryAttentionSees) {
  NodeWorkshop& w = workshop();
  const auto folder = w.folder / "models/hypernetworks";
  std::filesystem::create_directories(folder);
  w.workshop.folders.models["hypernetworks"] = {folder};
  std::map<std::string, at::Tensor> tensors;
  for (const int64_t width : {32, 64, 128}) {
    for (const char* side : {"[0]", "[1]"}) {
      const std::string layer = std::to_string(width) + side + ".linear.0.";
      tensors[layer + "weight"] = side[1] == '0' ? at::eye(width) : at::zeros({width, width});
      tensors[layer + "bias"] = at::zeros({width});
    }
  }
  write_file_atomically(folder / "keys.safetensors", weights::safetensors_bytes(tensors, {}));
  const auto with = [&](double strength) {
    return patched("HypernetworkLoader", {{"hypernetwork_name", "keys.safetensors"}, {"strength", strength}});
  };
  nlohmann::json graph = base_graph({"10", 0});
  add_patch(graph, "9", "UNetSelfAttentionMultiply", {{"k", 1.5}});
  add_patch(graph, "10", "UNetCrossAttentionMultiply", {{"k", 1.5}}, {"9", 0});
  const at::Tensor expected = latent(graph), without = plain();
  EXPECT_TRUE(at::equal(with(0), without));
  EXPECT_LE(test::max_difference(with(0.5), expected), 1e-3);
  EXPECT_GT(test::max_difference(expected, without), 0.01);
}

TEST_F(ModelPatches, OfTwoThatReplaceGuidanceTheLaterCounts) {
  nlohmann::json both = base_graph({"10", 0});
  add_patch(both, "9", "RenormCFG", {{"renorm_cfg", 0.9}});
  add_patch(both, "10", "RescaleCFG", {}, {"9", 0});
  EXPECT_TRUE(at::equal(latent(both), patched("RescaleCFG", nlohmann::json::object())));
}

TEST_F(ModelPatches, OthersAddUp) {
  nlohmann::json both = base_graph({"10", 0});
  add_patch(both, "9", "Epsilon Scaling", {{"scaling_factor", 1.02}});
  add_patch(both, "10", "CFGZeroStar", {}, {"9", 0});
  const at::Tensor two = latent(both);
  EXPECT_FALSE(at::equal(two, patched("Epsilon Scaling", {{"scaling_factor", 1.02}})));
  EXPECT_FALSE(at::equal(two, patched("CFGZeroStar", nlohmann::json::object())));
}

TEST_F(ModelPatches, PatchesStayWithAModelThatALoraChangesLater) {
  NodeWorkshop& w = workshop();
  w.add_model("loras", "sd15_kohya.safetensors", "lora/files/sd15_kohya.spec.json");
  const nlohmann::json lora{{"lora_name", "sd15_kohya.safetensors"}, {"strength_model", 1.0}};
  nlohmann::json before = base_graph({"10", 0}), after = before;
  add_patch(before, "9", "RescaleCFG", {});
  add_patch(before, "10", "LoraLoaderModelOnly", lora, {"9", 0});
  add_patch(after, "9", "LoraLoaderModelOnly", lora);
  add_patch(after, "10", "RescaleCFG", {}, {"9", 0});
  EXPECT_TRUE(at::equal(latent(before), latent(after)));
}

TEST_F(ModelPatches, LatentOperationsChangeTheGuidance) {
  nlohmann::json graph = base_graph({"9", 0});
  graph["8"] = {{"class_type", "LatentOperationSharpen"}, {"inputs", nlohmann::json::object()}};
  add_patch(graph, "9", "LatentApplyOperationCFG", {{"operation", {"8", 0}}});
  EXPECT_FALSE(at::equal(latent(graph), plain()));
}

TEST_F(ModelPatches, SelfAttentionGuidanceSaysThatItNeedsAWholeNegative) {
  nlohmann::json graph = base_graph({"9", 0});
  add_patch(graph, "9", "SelfAttentionGuidance", {});
  graph["8"] = {{"class_type", "ConditioningSetArea"},
                {"inputs", {{"conditioning", kNegative}, {"width", 64}, {"height", 64}, {"x", 0}, {"y", 0}, {"strength", 1.0}}}};
  graph["7"]["inputs"]["negative"] = {"8", 0};
  try {
    latent(graph);
    FAIL() << "accepted";
  } catch (const std::exception& error) {
    EXPECT_THAT(error.what(), HasSubstr("no negative conditioning counts over the whole picture"));
  }
}

}  // namespace
}  // namespace heddle
