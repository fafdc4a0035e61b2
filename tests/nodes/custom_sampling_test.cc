// The parts that sampling is put together from, as nodes.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/sampling.h"
#include "tests/nodes/diffusion/sampler_case.h"
#include "tests/nodes/workshop.h"

namespace heddle {
namespace {

using ::testing::HasSubstr;
using diffusion::Sampler;
using diffusion::Sigmas;
using test::max_difference;
using test::NodeWorkshop;

using Inputs = nlohmann::ordered_json;

/// A model, two prompts and an empty latent, for steps "10" and on.
nlohmann::ordered_json base_graph() {
  return nlohmann::ordered_json::parse(R"({
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "mini_sd15.safetensors"}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["1", 1]}},
    "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["1", 1]}},
    "4": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}}})");
}

struct CustomSampling : ::testing::Test {
  CustomSampling() { w.add_model("checkpoints", "mini_sd15.safetensors", "checkpoints/mini_sd15.spec.json"); }

  void add(const std::string& id, const std::string& type, const Inputs& inputs) {
    steps[id] = {{"class_type", type}, {"inputs", inputs}};
  }
  template <class T>
  const T& value(const std::string& id, int slot = 0) {
    return w.value<T>(test::graph_of(steps.dump()), id, slot);
  }
  /// The error of a step, or "".
  std::string error_of(const std::string& id) {
    const Graph graph = test::graph_of(steps.dump());
    const PreparedJob job = prepare_job({.graph = graph, .targets = {id}}, w.workshop);
    if (!job.checked.problems.empty()) return test::texts(job.checked.problems);
    try {
      w.run(job);
    } catch (const StepError& error) {
      return error.what();
    }
    return "";
  }
  /// A node's value from its inputs alone, with the model where it takes one.
  template <class T>
  T made_by(const std::string& type, Inputs inputs, int slot = 0) {
    const auto& sockets = w.registry.find(type)->inputs;
    if (!sockets.empty() && sockets[0].name == "model") inputs["model"] = {"1", 0};
    add("10", type, inputs);
    return value<T>("10", slot);
  }

  NodeWorkshop w;
  nlohmann::ordered_json steps = base_graph();
};

Inputs inputs_of(const nlohmann::json& values) { return Inputs::parse(values.dump()); }

TEST_F(CustomSampling, SamplerNodesGiveTheReferencesResults) {
  const test::SamplerCases cases("options");
  int count = 0;
  for (const auto& c : cases.index.at("cases")) {
    if (!c.contains("node")) continue;
    const auto sampler = made_by<Sampler>(c["node"], inputs_of(c["options"]));
    test::expect_case(c, cases, sampler);
    ++count;
  }
  EXPECT_EQ(count, 102);
}

TEST_F(CustomSampling, KSamplerSelectKnowsEverySampler) {
  for (const std::string& name : diffusion::sampler_names()) {
    EXPECT_EQ(made_by<Sampler>("KSamplerSelect", {{"sampler_name", name}}).name, name);
  }
}

/// The tolerance of the goldens: tables are exact.
double tolerance_of(const std::string& node) { return node == "BetaSamplingScheduler" ? 0 : 3e-6; }

void expect_sigmas(const Sigmas& actual, const nlohmann::json& expected, double relative) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    const float sigma = expected[i].get<float>();
    const double allowed = std::max(relative * sigma, relative > 0 && sigma < 1e-3 ? 1e-6 : 0.0);
    if (actual[i] == sigma) continue;
    EXPECT_LE(test::measured("schedules, nodes", std::abs(double(actual[i]) - sigma), allowed), allowed)
        << "value " << i;
  }
}

/// Which output of which node a golden names, as in "SplitSigmas.low".
std::pair<std::string, int> output_of(const std::string& name) {
  const size_t dot = name.find('.');
  return {name.substr(0, dot), dot != std::string::npos && name.substr(dot) == ".low" ? 1 : 0};
}

TEST_F(CustomSampling, SchedulerAndSigmaNodesGiveTheReferencesLevels) {
  add("5", "BasicScheduler", {{"model", {"1", 0}}, {"scheduler", "karras"}, {"steps", 6}, {"denoise", 1.0}});
  add("6", "ModelSamplingDiscrete", {{"model", {"1", 0}}, {"sampling", "v_prediction"}, {"zsnr", true}});
  const auto index = test::golden_json("schedules/schedules.json");
  int count = 0;
  for (const auto& c : index["nodes"]) {
    if (c["node"] == "source") continue;
    SCOPED_TRACE(c.dump().substr(0, 160));
    const auto [node, slot] = output_of(c["node"]);
    Inputs inputs = inputs_of(c["inputs"]);
    if (c.contains("model")) inputs["model"] = {c["model"] == "eps" ? "1" : "6", 0};
    if (w.registry.find(node)->inputs[0].name == "sigmas") inputs["sigmas"] = {"5", 0};
    add("10", node, inputs);
    ++count;
    if (c.contains("error")) {
      EXPECT_THAT(error_of("10"), HasSubstr("alpha and beta above 0"));
    } else if (node == "SamplingPercentToSigma") {
      expect_sigmas({float(value<double>("10"))}, c["sigmas"], 3e-6);
    } else {
      expect_sigmas(value<Sigmas>("10", slot), c["sigmas"], tolerance_of(node));
    }
  }
  EXPECT_EQ(count, 1046);
}

TEST_F(CustomSampling, IsKSamplerPutTogetherFromParts) {
  for (const std::string name : {"euler_ancestral", "dpmpp_sde", "uni_pc"}) {
    add("5", "BasicScheduler", {{"model", {"1", 0}}, {"scheduler", "simple"}, {"steps", 3}, {"denoise", 1.0}});
    add("6", "KSamplerSelect", {{"sampler_name", name}});
    add("7", "CFGGuider", {{"model", {"1", 0}}, {"positive", {"2", 0}}, {"negative", {"3", 0}}, {"cfg", 4.0}});
    add("8", "RandomNoise", {{"noise_seed", 7}});
    add("10", "SamplerCustomAdvanced",
        {{"noise", {"8", 0}}, {"guider", {"7", 0}}, {"sampler", {"6", 0}}, {"sigmas", {"5", 0}}, {"latent_image", {"4", 0}}});
    add("11", "SamplerCustom",
        {{"model", {"1", 0}}, {"add_noise", true}, {"noise_seed", 7}, {"cfg", 4.0}, {"positive", {"2", 0}},
         {"negative", {"3", 0}}, {"sampler", {"6", 0}}, {"sigmas", {"5", 0}}, {"latent_image", {"4", 0}}});
    const at::Tensor advanced = value<Latent>("10").samples;
    EXPECT_TRUE(at::equal(advanced, value<Latent>("11").samples)) << name;
    // Samplers come to 0 by taking the last guess; uni_pc stops a little before.
    const at::Tensor denoised = value<Latent>("10", 1).samples;
    EXPECT_LE(max_difference(advanced, denoised), 0.05) << name;
    if (name == "uni_pc") continue;  // KSampler gives it other levels
    EXPECT_TRUE(at::equal(advanced, denoised)) << name;
    add("12", "KSampler",
        {{"model", {"1", 0}}, {"seed", 7}, {"steps", 3}, {"cfg", 4.0}, {"sampler_name", name}, {"scheduler", "simple"},
         {"positive", {"2", 0}}, {"negative", {"3", 0}}, {"latent_image", {"4", 0}}, {"denoise", 1.0}});
    EXPECT_TRUE(at::equal(advanced, value<Latent>("12").samples)) << name;
  }
}

TEST_F(CustomSampling, UniPcLeavesTheListOfLevelsAlone) {
  add("5", "BasicScheduler", {{"model", {"1", 0}}, {"scheduler", "simple"}, {"steps", 3}, {"denoise", 1.0}});
  add("6", "KSamplerSelect", {{"sampler_name", "uni_pc"}});
  add("7", "BasicGuider", {{"model", {"1", 0}}, {"conditioning", {"2", 0}}});
  add("8", "DisableNoise", Inputs::object());
  add("10", "SamplerCustomAdvanced",
      {{"noise", {"8", 0}}, {"guider", {"7", 0}}, {"sampler", {"6", 0}}, {"sigmas", {"5", 0}}, {"latent_image", {"4", 0}}});
  value<Latent>("10");
  EXPECT_EQ(value<Sigmas>("5").back(), 0);
}

TEST_F(CustomSampling, ASplitListInTwoSamplersIsTheWholeListInOne) {
  add("5", "KarrasScheduler", {{"steps", 4}, {"sigma_max", 14.6}, {"sigma_min", 0.03}, {"rho", 7.0}});
  add("6", "SplitSigmas", {{"sigmas", {"5", 0}}, {"step", 2}});
  add("7", "KSamplerSelect", {{"sampler_name", "heun"}});
  const auto sampler = [&](const char* id, Inputs sigmas, Inputs latent, bool add_noise) {
    add(id, "SamplerCustom",
        {{"model", {"1", 0}}, {"add_noise", add_noise}, {"noise_seed", 3}, {"cfg", 2.0}, {"positive", {"2", 0}},
         {"negative", {"3", 0}}, {"sampler", {"7", 0}}, {"sigmas", sigmas}, {"latent_image", latent}});
  };
  sampler("10", {"5", 0}, {"4", 0}, true);
  sampler("11", {"6", 0}, {"4", 0}, true);
  sampler("12", {"6", 1}, {"11", 0}, false);
  EXPECT_LE(max_difference(value<Latent>("12").samples, value<Latent>("10").samples), 1e-4);
}

TEST_F(CustomSampling, AddNoiseLaysTheDifferenceOfLevelsOver) {
  add("5", "KarrasScheduler", {{"steps", 1}, {"sigma_max", 3.0}, {"sigma_min", 0.03}, {"rho", 7.0}});
  add("8", "RandomNoise", {{"noise_seed", 42}});
  add("10", "AddNoise", {{"model", {"1", 0}}, {"noise", {"8", 0}}, {"sigmas", {"5", 0}}, {"latent_image", {"4", 0}}});
  at::Generator generator = diffusion::make_generator(42);
  const at::Tensor noise = diffusion::starting_noise({1, 4, 8, 8}, generator);
  EXPECT_LE(max_difference(value<Latent>("10").samples, noise * 3 / 0.18215), 1e-5);
}

TEST_F(CustomSampling, LevelsThatASamplerCannotWalkAreAnErrorBeforeTheFirstStep) {
  add("5", "BasicScheduler", {{"model", {"1", 0}}, {"scheduler", "simple"}, {"steps", 3}, {"denoise", 1.0}});
  add("6", "FlipSigmas", {{"sigmas", {"5", 0}}});
  add("7", "KSamplerSelect", {{"sampler_name", "dpmpp_2m_sde"}});
  add("10", "SamplerCustom",
      {{"model", {"1", 0}}, {"add_noise", true}, {"noise_seed", 3}, {"cfg", 2.0}, {"positive", {"2", 0}},
       {"negative", {"3", 0}}, {"sampler", {"7", 0}}, {"sigmas", {"6", 0}}, {"latent_image", {"4", 0}}});
  EXPECT_THAT(error_of("10"), HasSubstr("sigma 2 of 4"));
  add("7", "KSamplerSelect", {{"sampler_name", "euler"}});
  EXPECT_EQ(error_of("10"), "");
}

TEST_F(CustomSampling, SettingsThatMeanNothingAreErrorsInWords) {
  const auto expect = [&](const char* node, const Inputs& inputs, const char* words) {
    add("10", node, inputs);
    EXPECT_THAT(error_of("10"), HasSubstr(words)) << node;
  };
  expect("KarrasScheduler", {{"steps", 3}, {"sigma_max", 14.0}, {"sigma_min", 0.03}, {"rho", 0.0}}, "rho is 0");
  expect("ExponentialScheduler", {{"steps", 3}, {"sigma_max", 14.0}, {"sigma_min", 0.0}}, "must be above 0");
  expect("ModelSamplingContinuousEDM",
         {{"model", {"1", 0}}, {"sampling", "edm"}, {"sigma_max", 1.0}, {"sigma_min", 2.0}}, "below sigma_max");
  expect("ModelSamplingContinuousEDM",
         {{"model", {"1", 0}}, {"sampling", "cosmos_rflow"}, {"sigma_max", 80.0}, {"sigma_min", 0.002}}, "Cosmos");
  expect("BasicScheduler", {{"model", {"1", 0}}, {"scheduler", "simple"}, {"steps", 0}, {"denoise", 1.0}}, "steps");
  add("5", "BasicScheduler", {{"model", {"1", 0}}, {"scheduler", "simple"}, {"steps", 3}, {"denoise", 0.0}});
  expect("SetFirstSigma", {{"sigmas", {"5", 0}}, {"sigma", 1.0}}, "empty");
}

TEST_F(CustomSampling, ModelSamplingNodesChangeHowTheModelSeesNoise) {
  const auto sampling = [&](const char* node, Inputs inputs) { return made_by<Model>(node, std::move(inputs)).sampling; };
  EXPECT_EQ(sampling("ModelSamplingDiscrete", {{"sampling", "lcm"}, {"zsnr", false}}).sigmas.size(), 50);
  EXPECT_NEAR(sampling("ModelSamplingDiscrete", {{"sampling", "v_prediction"}, {"zsnr", true}}).sigma_max(), 4518.76, 0.01);
  EXPECT_EQ(sampling("ModelSamplingDiscrete", {{"sampling", "x0"}, {"zsnr", false}}).prediction,
            diffusion::Prediction::kSample);
  const auto edm = sampling("ModelSamplingContinuousEDM",
                            {{"sampling", "edm_playground_v2.5"}, {"sigma_max", 80.0}, {"sigma_min", 0.002}});
  EXPECT_EQ(edm.sigma_data, 0.5);
  EXPECT_NEAR(edm.timestep(1), 0, 1e-6);
  const auto angle =
      sampling("ModelSamplingContinuousV", {{"sampling", "v_prediction"}, {"sigma_max", 500.0}, {"sigma_min", 0.03}});
  EXPECT_NEAR(angle.timestep(1), 0.5, 1e-6);
  EXPECT_NEAR(angle.sigma(0.5f), 1, 1e-5);
}

TEST_F(CustomSampling, DifferentialDiffusionSetsTheModelsStrength) {
  EXPECT_EQ(made_by<Model>("DifferentialDiffusion", Inputs::object()).differential, 1.0);
  EXPECT_EQ(made_by<Model>("DifferentialDiffusion", {{"strength", 0.25}}).differential, 0.25);
}

}  // namespace
}  // namespace heddle
