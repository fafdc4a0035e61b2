#include "engine/graph.h"

#include <gmock/gmock.h>

#include "tests/engine/fakes.h"

namespace heddle {
namespace {

using test::graph_of;
using test::texts;

TEST(Graph, ReadsLinksAndLiterals) {
  const Graph graph = graph_of(R"({"3": {"class_type": "K", "inputs": {"seed": 18446744073709551615, "model": ["4", 1]},
                                        "_meta": {"title": "My sampler"}}})");
  ASSERT_EQ(graph.steps.size(), 1u);
  const Step& step = graph.steps[0];
  EXPECT_EQ(step.node, "K");
  EXPECT_EQ(step.title, "My sampler");
  EXPECT_EQ(step.inputs[0].literal.get<uint64_t>(), 18446744073709551615u);
  EXPECT_EQ(step.inputs[1].from, "4");
  EXPECT_EQ(step.inputs[1].slot, 1);
}

TEST(Graph, AListAsAValueIsWrapped) {
  const Graph graph = graph_of(R"({"1": {"class_type": "K", "inputs": {"a": {"__value__": ["x", 0]}}}})");
  EXPECT_FALSE(graph.steps[0].inputs[0].is_link());
  EXPECT_EQ(graph.steps[0].inputs[0].literal, Json::parse(R"(["x", 0])"));
}

TEST(Graph, WritesWhatItRead) {
  const std::string text =
      R"({"3":{"inputs":{"seed":1,"model":["4",1],"list":{"__value__":[1]}},"class_type":"K","_meta":{"title":"T"}}})";
  EXPECT_EQ(to_json(graph_of(text)).dump(), text);
}

TEST(Graph, EveryMalformedPartIsAProblem) {
  Problems problems;
  parse_graph(parse_json(R"({"1": 5, "2": {"inputs": {}}, "3": {"class_type": "K", "inputs": [1]},
                             "4": {"class_type": "K", "inputs": {"a": ["x"], "b": [1, 2, 3], "c": ["x", "y"]}}})"),
              problems);
  const std::string text = texts(problems);
  EXPECT_THAT(text, ::testing::HasSubstr("1: a step must be an object"));
  EXPECT_THAT(text, ::testing::HasSubstr("2: the step has no class_type"));
  EXPECT_THAT(text, ::testing::HasSubstr("3: \"inputs\" must be an object"));
  EXPECT_THAT(text, ::testing::HasSubstr("4.a: a list is read as a link"));
  EXPECT_THAT(text, ::testing::HasSubstr("4.b"));
  EXPECT_THAT(text, ::testing::HasSubstr("4.c"));
}

TEST(Graph, SomethingElseThanAnObjectIsAProblem) {
  Problems problems;
  parse_graph(parse_json("[1, 2]"), problems);
  EXPECT_THAT(texts(problems), ::testing::HasSubstr("a graph must be an object"));
}

}  // namespace
}  // namespace heddle
