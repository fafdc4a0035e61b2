// Values typed into a graph, shown, and handed to sockets of other nodes.
#include <gmock/gmock.h>

#include "tests/nodes/run_node.h"
#include "tests/nodes/workshop.h"

namespace heddle {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using test::link;
using test::literal;
using test::run_node;

std::string preview(const test::Given& value) { return run_node("PreviewAny", {{"source", value}}).ui["text"][0]; }

TEST(Primitives, GiveWhatIsTypedIn) {
  EXPECT_EQ(run_node("PrimitiveInt", {{"value", literal(-7)}}).get<int64_t>(), -7);
  EXPECT_EQ(run_node("PrimitiveFloat", {{"value", literal(0.5)}}).get<double>(), 0.5);
  EXPECT_EQ(run_node("PrimitiveBoolean", {{"value", literal(true)}}).get<bool>(), true);
  EXPECT_EQ(run_node("PrimitiveString", {{"value", literal("a")}}).get<std::string>(), "a");
  EXPECT_EQ(run_node("PrimitiveStringMultiline", {{"value", literal("a\nb")}}).get<std::string>(), "a\nb");
}

TEST(Primitives, AreShownAsPythonWritesThem) {
  EXPECT_EQ(preview(link<int64_t>(12)), "12");
  EXPECT_EQ(preview(link(1.0)), "1.0");
  EXPECT_EQ(preview(link(1e-7)), "1e-07");
  EXPECT_EQ(preview(link(true)), "True");
  EXPECT_EQ(preview(link(std::string("a \"quoted\" word"))), "a \"quoted\" word");
  EXPECT_EQ(preview(test::image(at::zeros({1, 2, 3, 3}))), "IMAGE [1, 2, 3, 3]");
  EXPECT_EQ(preview(test::latent(at::zeros({1, 4, 2, 2}))), "LATENT [1, 4, 2, 2]");
  diffusion::Conditioning two(2);
  for (auto& entry : two) entry.cross_attention = at::zeros({1, 77, 8});
  EXPECT_EQ(preview(link(two)), "CONDITIONING [1, 77, 8] [1, 77, 8]");
}

TEST(Primitives, FeedSocketsOfOtherNodesWithinTheirRanges) {
  test::NodeWorkshop w;
  const auto graph = [](int64_t width) {
    return test::graph_of(R"({
      "w": {"class_type": "PrimitiveInt", "inputs": {"value": )" + std::to_string(width) + R"(}},
      "m": {"class_type": "SolidMask", "inputs": {"value": 1, "width": ["w", 0], "height": 8}},
      "i": {"class_type": "MaskToImage", "inputs": {"mask": ["m", 0]}},
      "n": {"class_type": "ImageAddNoise", "inputs": {"image": ["i", 0], "seed": ["w", 0], "strength": 0.5}}})");
  };
  EXPECT_EQ(w.value<Image>(graph(16), "n", 0).pixels.size(2), 16);
  EXPECT_THAT([&] { w.value<Image>(graph(0), "n", 0); }, ThrowsMessage<StepError>(HasSubstr("width: 0 is outside 1..16384")));
}

TEST(MissingNodes, AreNamedWithWhatTheyAreAbout) {
  const Registry& nodes = test::all_nodes();
  for (const char* name : {"ControlNetApplyAdvanced", "GLIGENTextBoxApply", "UpscaleModelLoader", "CLIPVisionEncode",
                           "unCLIPConditioning", "StyleModelApply", "LoadVideo", "LoadAudio", "Load3D", "FluxGuidance"}) {
    EXPECT_NE(nodes.missing_topic(name), nullptr) << name;
  }
  EXPECT_EQ(*nodes.missing_topic("ControlNetLoader"), "ControlNet");
  EXPECT_EQ(nodes.missing_topic("KSampler"), nullptr);
  EXPECT_EQ(nodes.missing_topic("Nonsense"), nullptr);
}

TEST(MissingNodes, AreNotAmongThoseThatAreHere) {
  for (const std::string& name : test::all_nodes().names()) {
    EXPECT_EQ(test::all_nodes().missing_topic(name), nullptr) << name;
  }
}

TEST(MissingNodes, AGraphThatUsesOneIsToldSo) {
  const Graph graph = test::graph_of(R"({"12": {"class_type": "ControlNetLoader", "inputs": {"control_net_name": "x"}}})");
  EXPECT_EQ(test::texts(check_graph(graph, test::all_nodes(), {}).problems),
            "12 (ControlNetLoader): \"ControlNetLoader\" is a ComfyUI node that heddle does not have yet (ControlNet)\n");
}

}  // namespace
}  // namespace heddle
