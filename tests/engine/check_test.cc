#include "engine/check.h"

#include <gmock/gmock.h>

#include "tests/engine/fakes.h"

namespace heddle {
namespace {

using ::testing::HasSubstr;
using test::fake_registry;
using test::graph_of;
using test::TemporaryFolder;
using test::texts;

CheckedGraph check(const std::string& graph, const Folders& folders = {}) {
  static const Registry registry = fake_registry();
  return check_graph(graph_of(graph), registry, folders);
}

std::string problems_of(const std::string& graph, const Folders& folders = {}) {
  return texts(check(graph, folders).problems);
}

TEST(Check, AGoodGraphHasNoProblems) {
  const CheckedGraph checked = check(R"({"s": {"class_type": "Show", "inputs": {"number": ["a", 0]}},
                                         "a": {"class_type": "Add", "inputs": {"a": 1, "b": ["n", 0]}},
                                         "n": {"class_type": "Number", "inputs": {"value": 3}}})");
  EXPECT_EQ(texts(checked.problems), "");
  EXPECT_EQ(texts(checked.warnings), "");
  EXPECT_EQ(checked.order, (std::vector<int>{2, 1, 0}));
  EXPECT_EQ(checked.outputs, std::vector<int>{0});
}

TEST(Check, AllProblemsAreReportedAtOnce) {
  const std::string text = problems_of(
      R"({"1": {"class_type": "Nummer", "inputs": {}},
          "2": {"class_type": "Number", "inputs": {"value": 101}},
          "3": {"class_type": "Add", "inputs": {"a": ["2", 4], "b": ["gone", 0]}},
          "4": {"class_type": "Show", "inputs": {}},
          "5": {"class_type": "Show", "inputs": {"number": ["3", 0]}},
          "6": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})");
  EXPECT_THAT(text, HasSubstr("unknown node \"Nummer\", did you mean \"Number\"?"));
  EXPECT_THAT(text, HasSubstr("2 (Number).value: 101 is outside 0..100"));
  EXPECT_THAT(text, HasSubstr("3 (Add).a: links to output 4 of step 2, but Number has only 0 (INT)"));
  EXPECT_THAT(text, HasSubstr("3 (Add).b: links to step \"gone\", which is not in the graph"));
  EXPECT_THAT(text, HasSubstr("4 (Show).number: is required and missing"));
}

TEST(Check, AMissingInputTellsItsDefault) {
  EXPECT_THAT(problems_of(R"({"1": {"class_type": "Number", "inputs": {}},
                              "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})"),
              HasSubstr("an editor prefills 1"));
}

TEST(Check, TypesOfLinksMustFit) {
  EXPECT_THAT(problems_of(R"({"1": {"class_type": "Word", "inputs": {"text": "a", "how": "loud", "seed": 1, "weight": 0.5}},
                              "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})"),
              HasSubstr("2 (Show).number: takes INT, but output 0 of step 1 (Word) gives STRING"));
}

TEST(Check, AChoiceThatIsNotThereNamesTheNearestAndAll) {
  EXPECT_THAT(problems_of(R"({"1": {"class_type": "Word", "inputs": {"text": "a", "how": "lout", "seed": 1, "weight": 0.5}}})"),
              HasSubstr("\"lout\" is not a choice, did you mean \"loud\"?; allowed: loud, quiet"));
}

TEST(Check, ACycleIsPrintedAsItsPath) {
  EXPECT_THAT(problems_of(R"({"x": {"class_type": "Add", "inputs": {"a": ["y", 0]}},
                              "y": {"class_type": "Add", "inputs": {"a": ["z", 0]}},
                              "z": {"class_type": "Add", "inputs": {"a": ["x", 0]}},
                              "s": {"class_type": "Show", "inputs": {"number": ["x", 0]}}})"),
              HasSubstr("in a circle: x -> z -> y -> x"));
}

TEST(Check, AnUndeclaredInputIsAWarningWithTheNearestName) {
  const CheckedGraph checked = check(R"({"1": {"class_type": "Number", "inputs": {"value": 3, "valeu": 4}},
                                         "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})");
  EXPECT_EQ(texts(checked.problems), "");
  EXPECT_THAT(texts(checked.warnings), HasSubstr("Number has no input \"valeu\", did you mean \"value\"?"));
}

TEST(Check, StepsThatNoOutputNeedsOnlyWarn) {
  const CheckedGraph checked = check(R"({"1": {"class_type": "Number", "inputs": {"value": 3}},
                                         "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}},
                                         "3": {"class_type": "Nope", "inputs": {}}})");
  EXPECT_EQ(texts(checked.problems), "");
  EXPECT_THAT(texts(checked.warnings), HasSubstr("unknown node \"Nope\""));
}

TEST(Check, AGraphWithoutOutputIsAProblem) {
  EXPECT_THAT(problems_of(R"({"1": {"class_type": "Number", "inputs": {"value": 3}}})"), HasSubstr("has no output"));
  EXPECT_THAT(problems_of("{}"), HasSubstr("the graph has no steps"));
}

TEST(Check, TargetsChooseWhatRuns) {
  const Registry registry = fake_registry();
  const Graph graph = graph_of(R"({"1": {"class_type": "Number", "inputs": {"value": 3}}})");
  EXPECT_EQ(check_graph(graph, registry, {}, {.targets = {"1"}}).outputs, std::vector<int>{0});
  EXPECT_THAT(texts(check_graph(graph, registry, {}, {.targets = {"9"}}).problems), HasSubstr("no step \"9\""));
}

TEST(Check, FilesMustBeThereAndStayInTheirFolder) {
  const TemporaryFolder folder;
  test::write_text(folder / "texts/cat.pt", "cat");
  test::write_text(folder / "secret.pt", "no");
  Folders folders;
  folders.models["texts"] = {folder / "texts"};
  const auto graph = [](const std::string& name) {
    return R"({"1": {"class_type": "Read", "inputs": {"file": ")" + name +
           R"("}}, "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})";
  };
  EXPECT_EQ(problems_of(graph("cat.pt"), folders), "");
  EXPECT_THAT(problems_of(graph("cta.pt"), folders), HasSubstr("did you mean \"cat.pt\"?"));
  EXPECT_THAT(problems_of(graph("../secret.pt"), folders), HasSubstr("no file \"../secret.pt\" in texts"));
}

TEST(Check, AliasesNameTheSameNode) {
  EXPECT_EQ(problems_of(R"({"1": {"class_type": "Plus", "inputs": {"a": 3}},
                            "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})"), "");
}

TEST(Check, WhereALinkIsNeededALiteralIsAProblem) {
  NodeDeclaration node;
  node.info.is_output = true;
  node.name = "Link";
  InputSpec& model = node.inputs.emplace_back();
  model.name = "model";
  model.type = "MODEL";
  Registry registry;
  registry.add(node);
  const auto checked = check_graph(graph_of(R"({"1": {"class_type": "Link", "inputs": {"model": "x"}}})"), registry, {});
  EXPECT_THAT(texts(checked.problems), HasSubstr("takes a link to a MODEL output, [step, output number], got \"x\""));
}

TEST(Check, NodesThatAreKnownToBeMissingAreNamed) {
  Registry registry = fake_registry();
  registry.add_missing("Numbers", "lists");
  const auto problems = [&](const char* node) {
    return texts(check_graph(graph_of(std::string(R"({"12": {"class_type": ")") + node + R"(", "inputs": {}}})"), registry, {}).problems);
  };
  EXPECT_EQ(problems("Numbers"), "12 (Numbers): \"Numbers\" is a ComfyUI node that heddle does not have yet (lists)\n");
  EXPECT_THAT(problems("Numbres"), HasSubstr("unknown node \"Numbres\", did you mean \"Number\"?"));
}

TEST(Check, UnionsAndAnyTypesFit) {
  EXPECT_TRUE(types_fit("INT", "INT,FLOAT"));
  EXPECT_TRUE(types_fit("INT,STRING", "FLOAT,STRING"));
  EXPECT_TRUE(types_fit("*", "MODEL"));
  EXPECT_FALSE(types_fit("INT", "FLOAT"));
  EXPECT_FALSE(types_fit("INT", "FLOAT,STRING"));
}

}  // namespace
}  // namespace heddle
