// Patches of sampling in whole graphs: each changes the latent, and at its neutral setting no byte.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>

#include "tests/nodes/workshop.h"

namespace heddle {
namespace {

using ::testing::HasSubstr;
using testing::NodeWorkshop;

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
  static at::Tensor latent(const nlohmann::json& graph) {
    return workshop().value<Latent>(testing::graph_of(graph.dump()), "7", 0).samples.clone();
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

const std::vector<Patch>& patches() {
  static const std::vector<Patch> all{
      {"FreeU", {{"s1", 0.5}}, {{"b1", 1.0}, {"b2", 1.0}, {"s1", 1.0}, {"s2", 1.0}}},
      {"FreeU_V2", {{"b1", 1.5}}, {{"b1", 1.0}, {"b2", 1.0}, {"s1", 1.0}, {"s2", 1.0}}},
      {"HyperTile", {{"tile_size", 64}}, {{"tile_size", 128}}},
      {"PatchModelAddDownscale", {{"block_number", 3}}, {{"downscale_factor", 1.0}}},
      {"PatchModelAddDownscale", {{"downscale_after_skip", false}}, {{"start_percent", 1.0}}},
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
    EXPECT_GT(testing::max_difference(with, without), 1e-3);
    if (!patch.neutral.is_null()) EXPECT_TRUE(at::equal(patched(patch.node, patch.neutral), without));
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
  EXPECT_TRUE(at::equal(one, again.value<Latent>(testing::graph_of(graph.dump()), "7", 0).samples));
}

TEST_F(ModelPatches, AtCfgOneOnlyThoseThatNeedTheNegativeChangeAnything) {
  const at::Tensor without = plain(1);
  for (const char* node : {"RescaleCFG", "VideoLinearCFGGuidance", "TCFG", "APG", "FreSca", "CFGZeroStar", "Mahiro"}) {
    EXPECT_TRUE(at::equal(patched(node, nlohmann::json::object(), 1), without)) << node;
  }
  EXPECT_FALSE(at::equal(patched("SelfAttentionGuidance", {{"scale", 1.0}}, 1), without));
  EXPECT_FALSE(at::equal(patched("PerturbedAttentionGuidance", {{"scale", 3.0}}, 1), without));
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
