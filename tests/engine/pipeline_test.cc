#include "engine/pipeline.h"

#include <gmock/gmock.h>

#include "tests/engine/fakes.h"

namespace heddle {
namespace {

using ::testing::HasSubstr;
using test::graph_of;
using test::texts;

const char* const kPipeline = R"({"heddle": "pipeline/1", "title": "Sum", "help": "Adds.",
  "inputs": {"first": {"type": "INT", "default": 1, "min": 0, "max": 10, "help": "One.", "to": ["n.value"]},
             "more": {"type": "INT", "optional": true, "help": "More.", "to": ["a.b"]}},
  "outputs": {"sum": ["a", 0]},
  "graph": {"n": {"class_type": "Number", "inputs": {"value": 0}},
            "a": {"class_type": "Add", "inputs": {"a": ["n", 0]}},
            "s": {"class_type": "Show", "inputs": {"number": ["a", 0]}}}})";

Pipeline pipeline(const std::string& text = kPipeline) {
  Problems problems;
  Pipeline result = parse_pipeline(parse_json(text), problems);
  EXPECT_EQ(texts(problems), "");
  return result;
}

std::string filled(const std::map<std::string, Json>& values) {
  Problems problems;
  const Registry registry = test::fake_registry();
  const Graph graph = fill_pipeline(pipeline(), values, registry, problems);
  return problems.empty() ? to_json(graph).dump() : texts(problems);
}

TEST(Pipeline, DefaultsAndGivenValuesFillTheGraph) {
  EXPECT_THAT(filled({}), HasSubstr(R"("n":{"inputs":{"value":1})"));
  EXPECT_THAT(filled({{"first", "7"}, {"more", 2}}),
              ::testing::AllOf(HasSubstr(R"("value":7)"), HasSubstr(R"("b":2)")));
}

TEST(Pipeline, WrongInputsAreNamedWithTheRightOnes) {
  EXPECT_THAT(filled({{"frist", 1}}), HasSubstr("no input \"frist\", did you mean \"first\"?; it has: first, more"));
  EXPECT_THAT(filled({{"first", "x"}}), HasSubstr("\"x\" cannot be read as INT"));
  EXPECT_THAT(filled({{"first", 11}}), HasSubstr("first: 11 is outside 0..10"));
}

TEST(Pipeline, WhatCannotBeReadIsAProblem) {
  Problems problems;
  parse_pipeline(parse_json(R"({"heddle": "pipeline/1", "inputs": {"a": {"type": "IMT", "to": ["9.value"]}, "b": 3},
                                "outputs": {"x": ["7", 0]},
                                "graph": {"n": {"class_type": "Number", "inputs": {}}}})"), problems);
  const std::string text = texts(problems);
  EXPECT_THAT(text, HasSubstr("type \"IMT\", did you mean \"INT\"?"));
  EXPECT_THAT(text, HasSubstr("the graph has no step \"9\""));
  EXPECT_THAT(text, HasSubstr("input \"b\" must be an object"));
  EXPECT_THAT(text, HasSubstr("output \"x\""));
}

// Stands in for LoraLoader: passes a number by.
struct Style final : Node {
  static constexpr NodeInfo kInfo{.name = "Style", .category = "test", .help = "h"};
  In<int64_t> model{this, "model", "h"};
  In<std::string> lora_name{this, "lora_name", "h"};
  In<double> strength_model{this, "strength_model", "h"};
  In<double> strength_clip{this, "strength_clip", "h"};
  Out<int64_t> out{this, "INT"};
  void run(RunContext&) override { out = *model; }
};

Graph styled(const std::map<std::string, Json>& values) {
  Registry registry = test::fake_registry();
  registry.add<Style>();
  Problems problems;
  const Pipeline p = pipeline(R"({"heddle": "pipeline/1",
    "inputs": {"lora": {"type": "LORA", "optional": true, "to": ["x"]}}, "outputs": {},
    "graph": {"n": {"class_type": "Number", "inputs": {"value": 1}},
              "x": {"class_type": "Style", "inputs": {"model": ["n", 0]}},
              "s": {"class_type": "Show", "inputs": {"number": ["x", 0]}}}})");
  Graph graph = fill_pipeline(p, values, registry, problems);
  EXPECT_EQ(texts(problems), "");
  return graph;
}

TEST(Pipeline, ALoraIsFilledInWithItsStrengths) {
  EXPECT_THAT(to_json(styled({{"lora", "sub/ink:0.8"}})).dump(),
              HasSubstr(R"("lora_name":"sub/ink","strength_model":0.8,"strength_clip":0.8)"));
  EXPECT_THAT(to_json(styled({{"lora", "ink:0.8:0.5"}})).dump(),
              HasSubstr(R"("lora_name":"ink","strength_model":0.8,"strength_clip":0.5)"));
  EXPECT_THAT(to_json(styled({{"lora", "ink"}})).dump(), HasSubstr(R"("strength_model":1.0)"));
}

TEST(Pipeline, WithoutALoraItsStepIsPassedBy) {
  const Graph graph = styled({});
  EXPECT_EQ(graph.find("x"), -1);
  EXPECT_THAT(to_json(graph).dump(), HasSubstr(R"("s":{"inputs":{"number":["n",0]})"));
}

std::string expanded(const std::string& graph, const FindPipeline& find) {
  Problems problems;
  const Registry registry = test::fake_registry();
  const Graph result = expand_pipelines(graph_of(graph), find, registry, problems);
  return problems.empty() ? to_json(result).dump() : texts(problems);
}

std::optional<Json> find_sum(const std::string& name) {
  return name == "sum" ? std::optional<Json>(parse_json(kPipeline)) : std::nullopt;
}

TEST(Pipeline, IsAStepOfAnotherGraph) {
  const std::string text = expanded(R"({"k": {"class_type": "Number", "inputs": {"value": 5}},
      "p": {"class_type": "Pipeline/sum", "inputs": {"first": ["k", 0], "more": 4}},
      "o": {"class_type": "Show", "inputs": {"number": ["p", 0]}}})", find_sum);
  EXPECT_THAT(text, HasSubstr(R"("p:n":{"inputs":{"value":["k",0]})"));
  EXPECT_THAT(text, HasSubstr(R"("p:a":{"inputs":{"a":["p:n",0],"b":4})"));
  EXPECT_THAT(text, HasSubstr(R"("o":{"inputs":{"number":["p:a",0]})"));
}

TEST(Pipeline, RunsAsAStep) {
  test::FakeWorkshop w;
  Problems problems;
  Graph graph = expand_pipelines(graph_of(R"({"p": {"class_type": "Pipeline/sum", "inputs": {"first": 2, "more": 4}},
                                              "o": {"class_type": "Show", "inputs": {"number": ["p", 0]}}})"),
                                 find_sum, w.registry, problems);
  const PreparedJob job = prepare_job({.graph = std::move(graph)}, w.workshop);
  EXPECT_EQ(texts(job.checked.problems), "");
  EXPECT_EQ(run_job(job, w.workshop, nullptr, nullptr).outputs["o"]["number"], 6);
}

TEST(Pipeline, AnUnknownOneAndACircleAreProblems) {
  EXPECT_THAT(expanded(R"({"p": {"class_type": "Pipeline/nope", "inputs": {}}})", find_sum),
              HasSubstr("there is no pipeline \"nope\""));
  const auto circle = [](const std::string&) {
    return std::optional<Json>(parse_json(
        R"({"heddle": "pipeline/1", "graph": {"x": {"class_type": "Pipeline/circle", "inputs": {}}}})"));
  };
  EXPECT_THAT(expanded(R"({"p": {"class_type": "Pipeline/circle", "inputs": {}}})", circle), HasSubstr("in a circle"));
}

}  // namespace
}  // namespace heddle
