// Whole graphs against what ComfyUI makes of them: latents and 8-bit pixels (tests/golden/pipelines).
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <set>

#include "nodes/picture_tensor.h"
#include "tests/nodes/workshop.h"

namespace heddle {
namespace {

using test::golden_json;
using test::golden_path;
using test::golden_tensors;
using test::NodeWorkshop;

Graph golden_graph(const nlohmann::json& test_case) {
  Graph graph = test::graph_file(golden_path("pipelines/graphs/" + test_case["graph"].get<std::string>()));
  for (const auto& [target, value] : test_case["set"].items()) {
    test::input_of(graph, target).literal = parse_json(value.dump());
  }
  return graph;
}

// Cases whose nodes, samplers, schedules and families are not all here yet belong to later work.
bool is_supported(const Graph& graph, NodeWorkshop& w) {
  const PreparedJob job = prepare_job({.graph = graph}, w.workshop);
  if (job.checked.problems.empty()) return true;
  const std::set<std::string> later{"unknown_node", "value_not_in_list"};
  for (const Problem& problem : job.checked.problems) {
    if (!later.contains(problem.kind)) ADD_FAILURE() << to_text(problem);
  }
  return false;
}

void expect_latent(const Latent& latent, const at::Tensor& expected, const nlohmann::json& output) {
  const double allowed = output["atol"];
  const double difference = test::max_difference(latent.samples, expected);
  EXPECT_LE(test::measured("pipelines, latents", difference, allowed), allowed);
}

void expect_image(const Image& image, const at::Tensor& expected, const nlohmann::json& output) {
  ASSERT_EQ(image.pixels.sizes(), expected.sizes());
  at::Tensor got = at::empty_like(expected);
  for (int64_t k = 0; k < expected.size(0); ++k) {
    const Picture picture = to_picture(image.pixels, k);
    std::copy(picture.pixels.begin(), picture.pixels.end(), got.select(0, k).data_ptr<uint8_t>());
  }
  const at::Tensor difference = (got.to(at::kInt) - expected.to(at::kInt)).abs();
  const int levels = output["levels"];
  EXPECT_LE(test::measured("pipelines, pictures (levels of 255)", difference.max().item<int>(), levels), levels);
  EXPECT_LE(difference.ne(0).to(at::kFloat).mean().item<double>(), output["share"].get<double>());
}

TEST(Pipelines, GiveTheLatentsAndPixelsOfComfyUI) {
  NodeWorkshop w;
  for (const char* name : {"mini_sd15", "mini_sd15_inpaint", "mini_sd21_eps", "mini_sd21_v", "mini_sdxl", "mini_sdxl_v",
                           "mini_sdxl_refiner"}) {
    w.add_model("checkpoints", std::string(name) + ".safetensors", std::string("checkpoints/") + name + ".spec.json");
  }
  w.add_model("vae", "mini_vae.safetensors", "checkpoints/mini_vae.spec.json");
  for (const char* name : {"sd15_kohya", "sd15_kohya_b", "sd21_kohya", "sdxl_kohya", "sdxl_onetrainer"}) {
    w.add_model("loras", std::string(name) + ".safetensors", std::string("lora/files/") + name + ".spec.json");
  }
  std::filesystem::copy(golden_path("pipelines/inputs"), w.workshop.folders.input);
  const auto latents = golden_tensors("pipelines/latents.safetensors");
  const auto images = golden_tensors("pipelines/images.safetensors");

  const nlohmann::json cases = golden_json("pipelines/index.json");
  int supported = 0;
  for (const auto& [name, test_case] : cases.items()) {
    const Graph graph = golden_graph(test_case);
    if (!is_supported(graph, w)) continue;
    ++supported;
    SCOPED_TRACE(name);
    for (const auto& [what, output] : test_case["outputs"].items()) {
      const std::string step = output["from"][0];
      const int slot = output["from"][1];
      if (output["kind"] == "LATENT") {
        expect_latent(w.value<Latent>(graph, step, slot), latents.at(output["key"]), output);
      } else {
        expect_image(w.value<Image>(graph, step, slot), images.at(output["key"]), output);
      }
    }
  }
  EXPECT_GE(supported, 60) << "cases that ran";
}

class Pocket : public ::testing::TestWithParam<std::pair<const char*, std::vector<const char*>>> {};

TEST_P(Pocket, GivesThePictureOfComfyUI) {
  const auto& [name, pictures] = GetParam();
  NodeWorkshop w;
  const Graph graph = test::graph_file(golden_path("pocket/expected/" + std::string(name) + ".json"));
  const Image& image = w.value<Image>(graph, "8", 0);
  ASSERT_EQ(image.pixels.size(0), int64_t(pictures.size()));
  for (size_t k = 0; k < pictures.size(); ++k) {
    const Picture expected = read_pictures(golden_path("pocket/expected/" + std::string(pictures[k]) + ".png"))[0];
    const Picture got = to_picture(image.pixels, int64_t(k));
    ASSERT_EQ(got.pixels.size(), expected.pixels.size());
    int largest = 0;
    for (size_t i = 0; i < got.pixels.size(); ++i) largest = std::max(largest, std::abs(got.pixels[i] - expected.pixels[i]));
    EXPECT_LE(test::measured("pocket, pictures (levels of 255)", largest, 1), 1) << pictures[k];
  }
}

INSTANTIATE_TEST_SUITE_P(All, Pocket,
                         ::testing::Values(std::pair{"house", std::vector{"house"}}, std::pair{"ink", std::vector{"ink"}},
                                           std::pair{"lighthouse", std::vector{"lighthouse_0", "lighthouse_1"}},
                                           std::pair{"snowman_ink", std::vector{"snowman_ink"}},
                                           std::pair{"two_stage", std::vector{"two_stage"}}),
                         [](const auto& info) { return std::string(info.param.first); });

}  // namespace
}  // namespace heddle
