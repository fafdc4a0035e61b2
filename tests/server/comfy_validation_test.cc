#include "engine/server/comfy_validation.h"

#include <gmock/gmock.h>

#include <cmath>

#include "engine/check.h"
#include "engine/graph.h"
#include "tests/engine/fakes.h"

namespace heddle::server {
namespace {

using namespace heddle::test;  // NOLINT
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A thing can come along a link only; "size" is a long list.
NodeDeclaration paint() {
  NodeDeclaration node;
  node.info = {.name = "Paint", .category = "test", .help = "Paints a thing.", .is_output = true};
  node.name = node.display_name = "Paint";
  node.inputs.resize(2);
  node.inputs[0].name = "thing";
  node.inputs[0].type = "THING";
  node.inputs[1].name = "size";
  node.inputs[1].type = "COMBO";
  node.inputs[1].has_json_form = true;
  for (InputSpec& spec : node.inputs) spec.required = false;
  for (int i = 0; i < 25; ++i) node.inputs[1].choices.push_back(std::to_string(i));
  node.make = [] { return std::unique_ptr<Node>(); };
  return node;
}

class ComfyValidation : public ::testing::Test {
 protected:
  ComfyValidation() {
    registry_.add(paint());
    registry_.add_missing("KSamplerFlux", "Flux");
    folders_.models["texts"] = {folder_.path()};
    write_text(folder_ / "a.safetensors", "a");
  }

  ComfyCheck check(const std::string& prompt, const std::optional<std::vector<std::string>>& targets = std::nullopt) {
    ComfyCheck check = check_comfy_prompt(parse_json(prompt), targets, registry_, folders_);
    expect_runnable(check);
    return check;
  }
  // What may run has to pass the check that is made again before it runs.
  void expect_runnable(const ComfyCheck& check) {
    EXPECT_EQ(check.error.is_null(), !check.outputs.empty());
    if (check.outputs.empty()) return;
    Problems problems;
    const Graph graph = parse_graph(check.prompt, problems);
    const CheckedGraph checked = check_graph(graph, registry_, folders_, {.targets = check.outputs});
    EXPECT_EQ(heddle::test::texts(problems) + heddle::test::texts(checked.problems), "");
  }
  // The one error of a step.
  Json error_of(const ComfyCheck& check, const std::string& step) {
    const Json errors = check.node_errors.value(step, Json::object()).value("errors", Json::array());
    EXPECT_EQ(errors.size(), 1U) << check.node_errors.dump(1);
    return errors.empty() ? Json() : errors[0];
  }
  Json word_error(const std::string& inputs) {
    return error_of(check(R"({"1": {"class_type": "Word", "inputs": )" + inputs + R"(},
                              "2": {"class_type": "Read", "inputs": {"file": "a.safetensors"}},
                              "3": {"class_type": "Join", "inputs": {"a": ["1", 0]}}})"),
                    "1");
  }

  TemporaryFolder folder_;
  Registry registry_ = fake_registry();
  Folders folders_;
};

// Saves a word, so that there is an output with a text.
struct Join final : Node {
  static constexpr NodeInfo kInfo{.name = "Join", .category = "test", .help = "Shows a text.", .is_output = true};
  In<std::string> a{this, "a", "The text."};
  void run(RunContext&) override {}
};

class ComfyValidationOfWords : public ComfyValidation {
 protected:
  ComfyValidationOfWords() { registry_.add<Join>(); }
};

const std::string kGood = R"({"1": {"class_type": "Number", "inputs": {"value": 3}},
                              "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})";

TEST_F(ComfyValidation, AGoodPromptHasNothingToSay) {
  const ComfyCheck good = check(kGood);
  EXPECT_EQ(good.error, nullptr);
  EXPECT_EQ(good.node_errors, Json::object());
  EXPECT_THAT(good.outputs, ElementsAre("2"));
  EXPECT_EQ(good.prompt, parse_json(kGood));
}

TEST_F(ComfyValidation, APromptMustBeAnObject) {
  EXPECT_EQ(check("[1]").error["type"], "invalid_prompt");
  EXPECT_THAT(check("[1]").error["details"], HasSubstr("must be an object"));
}

TEST_F(ComfyValidation, AStepWithoutAClassIsAnErrorOfTheWhole) {
  const Json expected = {{"type", "invalid_prompt"},
                         {"message", "Cannot execute because a node is missing the class_type property."},
                         {"details", "Node ID '#9'"},
                         {"extra_info", Json::object()}};
  for (const char* step : {"{}", "{\"class_type\": 4}", "7", "null"}) {
    const ComfyCheck bad = check(std::string("{\"9\": ") + step + "}");
    EXPECT_EQ(bad.error, expected) << step;
    EXPECT_EQ(bad.node_errors, Json::object());
  }
}

TEST_F(ComfyValidation, AnUnknownClassIsAnErrorOfTheWholeEvenIfNothingNeedsIt) {
  Json prompt = parse_json(kGood);
  prompt["7"] = {{"class_type", "Numbre"}, {"inputs", Json::object()}};
  const Json error = check(prompt.dump()).error;
  EXPECT_EQ(error["type"], "invalid_prompt");
  EXPECT_EQ(error["message"], "Cannot execute because node Numbre does not exist.");
  EXPECT_EQ(error["details"], "Node ID '#7'");
  EXPECT_THAT(error["extra_info"]["hint"], HasSubstr("did you mean \"Number\"?"));
}

TEST_F(ComfyValidation, AClassThatIsKnownToBeMissingSaysWhatItIsAbout) {
  const Json error = check(R"({"7": {"class_type": "KSamplerFlux", "inputs": {}}})").error;
  EXPECT_EQ(error["message"], "Cannot execute because node KSamplerFlux does not exist.");
  EXPECT_THAT(error["extra_info"]["hint"], HasSubstr("heddle does not have yet (Flux)"));
}

TEST_F(ComfyValidation, WithoutOutputsNothingRuns) {
  const Json expected = {{"type", "prompt_no_outputs"},
                         {"message", "Prompt has no outputs"},
                         {"details", ""},
                         {"extra_info", Json::object()}};
  EXPECT_EQ(check("{}").error, expected);
  EXPECT_EQ(check(R"({"1": {"class_type": "Number", "inputs": {"value": 3}}})").error, expected);
  EXPECT_EQ(check(kGood, std::vector<std::string>{}).error, expected);
  EXPECT_EQ(check(kGood, std::vector<std::string>{"1"}).error, expected);
}

TEST_F(ComfyValidation, PartialTargetsLeaveOtherOutputsAlone) {
  Json prompt = parse_json(kGood);
  prompt["3"] = {{"class_type", "Show"}, {"inputs", {{"number", 5}}}};
  prompt["4"] = {{"class_type", "Show"}, {"inputs", Json::object()}};
  const ComfyCheck some = check(prompt.dump(), std::vector<std::string>{"3", "99"});
  EXPECT_THAT(some.outputs, ElementsAre("3"));
  EXPECT_EQ(some.node_errors, Json::object());
}

TEST_F(ComfyValidation, ARequiredInputThatIsMissing) {
  const ComfyCheck bad = check(R"({"1": {"class_type": "Show", "inputs": {}}})");
  EXPECT_EQ(error_of(bad, "1"), (Json{{"type", "required_input_missing"},
                                      {"message", "Required input is missing"},
                                      {"details", "number"},
                                      {"extra_info", {{"input_name", "number"}}}}));
  EXPECT_EQ(bad.node_errors["1"]["class_type"], "Show");
  EXPECT_EQ(bad.node_errors["1"]["dependent_outputs"], Json({"1"}));
  EXPECT_EQ(bad.error, (Json{{"type", "prompt_outputs_failed_validation"},
                             {"message", "Prompt outputs failed validation"},
                             {"details", "Required input is missing: number"},
                             {"extra_info", Json::object()}}));
  EXPECT_EQ(error_of(check(R"({"1": {"class_type": "Show"}})"), "1")["type"], "required_input_missing");
}

TEST_F(ComfyValidation, AListThatIsNoLink) {
  for (const char* list : {"[\"1\"]", "[]", "[\"1\", 0, 0]", "[[1], 0]", "[\"1\", \"0\"]"}) {
    const ComfyCheck bad = check(std::string(R"({"2": {"class_type": "Show", "inputs": {"number": )") + list + "}}}");
    EXPECT_EQ(error_of(bad, "2"),
              (Json{{"type", "bad_linked_input"},
                    {"message", "Bad linked input, must be a length-2 list of [node_id, slot_index]"},
                    {"details", "number"},
                    {"extra_info",
                     {{"input_name", "number"},
                      {"input_config", Json::array({"INT", {{"tooltip", "What to show."}}})},
                      {"received_value", parse_json(list)}}}}))
        << list;
  }
}

TEST_F(ComfyValidation, ALinkOfAnotherType) {
  const ComfyCheck bad = check(R"({"1": {"class_type": "Word", "inputs": {}},
                                   "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})");
  EXPECT_EQ(error_of(bad, "2"),
            (Json{{"type", "return_type_mismatch"},
                  {"message", "Return type mismatch between linked nodes"},
                  {"details", "number, received_type(STRING) mismatch input_type(INT)"},
                  {"extra_info",
                   {{"input_name", "number"},
                    {"input_config", Json::array({"INT", {{"tooltip", "What to show."}}})},
                    {"received_type", "STRING"},
                    {"linked_node", Json::array({"1", 0})}}}}));
  EXPECT_FALSE(bad.node_errors.contains("1"));  // it was not looked at
}

TEST_F(ComfyValidation, ALinkToNowhereFromAnOutput) {
  const Json error = error_of(check(R"({"2": {"class_type": "Show", "inputs": {"number": ["9", 0]}}})"), "2");
  EXPECT_EQ(error["type"], "exception_during_validation");
  EXPECT_EQ(error["message"], "Exception when validating node");
  EXPECT_EQ(error["details"], "input \"number\" of step \"2\" links to step \"9\", which is not in the prompt");
  EXPECT_EQ(error["extra_info"], (Json{{"exception_type", "KeyError"}, {"traceback", Json::array()}}));
}

TEST_F(ComfyValidation, ALinkToNowhereFromWithin) {
  const ComfyCheck bad = check(R"({"1": {"class_type": "Add", "inputs": {"a": ["9", 0]}},
                                   "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})");
  const Json error = error_of(bad, "1");
  EXPECT_EQ(error["type"], "exception_during_inner_validation");
  EXPECT_EQ(error["message"], "Exception when validating inner node");
  EXPECT_THAT(error["details"], HasSubstr("step \"9\""));
  const Json& info = error["extra_info"];
  EXPECT_EQ(info["input_name"], "number");
  EXPECT_EQ(info["input_config"][0], "INT");
  EXPECT_EQ(info["exception_message"], error["details"]);
  EXPECT_EQ(info["exception_type"], "KeyError");
  EXPECT_EQ(info["traceback"], Json::array());
  EXPECT_EQ(info["linked_node"], Json::array({"1", 0}));
  EXPECT_EQ(bad.error["details"], "");  // the output has no errors of its own
}

TEST_F(ComfyValidation, ASlotThatIsNotThere) {
  for (const char* slot : {"1", "-1", "18446744073709551615"}) {
    const ComfyCheck bad = check(std::string(R"({"1": {"class_type": "Number", "inputs": {"value": 3}},
                                     "2": {"class_type": "Show", "inputs": {"number": ["1", )") + slot + "]}}}");
    const Json error = error_of(bad, "2");
    EXPECT_EQ(error["extra_info"]["exception_type"], "IndexError");
    EXPECT_THAT(error["details"],
                HasSubstr(std::string("output ") + slot + " of step \"1\", but Number has 1"));
  }
}

TEST_F(ComfyValidation, ACircleIsNamed) {
  const ComfyCheck bad = check(R"({"1": {"class_type": "Add", "inputs": {"a": ["3", 0]}},
                                   "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}},
                                   "3": {"class_type": "Add", "inputs": {"a": ["1", 0]}}})");
  const Json error = error_of(bad, "3");
  EXPECT_EQ(error["type"], "exception_during_inner_validation");
  EXPECT_EQ(error["details"],
            "the steps feed one another in a circle: 3 -> 1 -> 3; remove one of these links");
  EXPECT_EQ(error["extra_info"]["exception_type"], "RecursionError");
  EXPECT_EQ(bad.node_errors["3"]["dependent_outputs"], Json({"2"}));
  EXPECT_THAT(bad.outputs, IsEmpty());
}

TEST_F(ComfyValidation, LongChainsAreNoTrouble) {
  std::string prompt = R"({"0": {"class_type": "Number", "inputs": {"value": 1}})";
  constexpr int kLength = 5000;
  for (int i = 1; i < kLength; ++i) {
    prompt += ", \"" + std::to_string(i) + R"(": {"class_type": "Add", "inputs": {"a": [")" + std::to_string(i - 1) +
              "\", 0]}}";
  }
  prompt += R"(, "out": {"class_type": "Show", "inputs": {"number": [")" + std::to_string(kLength - 1) + "\", 0]}}}";
  EXPECT_THAT(check(prompt).outputs, ElementsAre("out"));
}

TEST_F(ComfyValidation, InputsThatAreNoObject) {
  const ComfyCheck bad = check(R"({"1": {"class_type": "Show", "inputs": 3}})");
  EXPECT_EQ(bad.node_errors["1"]["errors"].back()["type"], "exception_during_validation");
  EXPECT_THAT(bad.node_errors["1"]["errors"].back()["details"], HasSubstr("must be an object"));
}

TEST_F(ComfyValidation, AValueBelowOrAboveItsBounds) {
  const auto error = [&](const std::string& value) {
    return error_of(check(R"({"1": {"class_type": "Number", "inputs": {"value": )" + value + R"(}},
                              "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})"),
                    "1");
  };
  const Json config =
      Json::array({"INT", {{"default", 1}, {"min", 0}, {"max", 100}, {"tooltip", "The number."}}});
  EXPECT_EQ(error("-3"), (Json{{"type", "value_smaller_than_min"},
                               {"message", "Value -3 smaller than min of 0"},
                               {"details", "value"},
                               {"extra_info",
                                {{"input_name", "value"}, {"input_config", config}, {"received_value", -3}}}}));
  EXPECT_EQ(error("\"101\""), (Json{{"type", "value_bigger_than_max"},
                                    {"message", "Value 101 bigger than max of 100"},
                                    {"details", "value"},
                                    {"extra_info",
                                     {{"input_name", "value"}, {"input_config", config}, {"received_value", 101}}}}));
}

TEST_F(ComfyValidation, AValueThatCannotBeCast) {
  const Json error = error_of(check(R"({"1": {"class_type": "Show", "inputs": {"number": "3.7"}}})"), "1");
  EXPECT_EQ(error["type"], "invalid_input_type");
  EXPECT_EQ(error["message"], "Failed to convert an input value to a INT value");
  EXPECT_EQ(error["details"], "number, 3.7, \"3.7\" cannot be read as INT");
  EXPECT_EQ(error["extra_info"]["received_value"], "3.7");
  EXPECT_EQ(error["extra_info"]["exception_message"], "\"3.7\" cannot be read as INT");
  EXPECT_EQ(error["extra_info"]["input_config"][0], "INT");
}

TEST_F(ComfyValidationOfWords, AValueThatIsNoChoice) {
  EXPECT_EQ(word_error(R"({"text": "hi", "how": "it's", "seed": 1, "weight": 0.5})"),
            (Json{{"type", "value_not_in_list"},
                  {"message", "Value not in list"},
                  {"details", "how: 'it's' not in ['loud', 'quiet']"},
                  {"extra_info",
                   {{"input_name", "how"},
                    {"input_config", Json::array({{"loud", "quiet"}, {{"tooltip", "Which way."}}})},
                    {"received_value", "it's"}}}}));
}

TEST_F(ComfyValidation, AValueThatIsNotAmongManyChoices) {
  const Json error = error_of(check(R"({"1": {"class_type": "Paint", "inputs": {"size": "huge"}}})"), "1");
  EXPECT_EQ(error["details"], "size: 'huge' not in (list of length 25)");
  EXPECT_EQ(error["extra_info"],
            (Json{{"input_name", "size"}, {"input_config", nullptr}, {"received_value", "huge"}}));
}

TEST_F(ComfyValidation, AFileThatIsNotThere) {
  const std::string read = R"({"1": {"class_type": "Read", "inputs": {"file": "FILE"}},
                               "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})";
  const auto with = [&](const std::string& file) { return std::string(read).replace(read.find("FILE"), 4, file); };
  EXPECT_THAT(check(with("a.safetensors")).outputs, ElementsAre("2"));
  const Json error = error_of(check(with("b.safetensors")), "1");
  EXPECT_EQ(error["type"], "value_not_in_list");
  EXPECT_EQ(error["details"], "file: 'b.safetensors' not in ['a.safetensors']");
  EXPECT_EQ(error["extra_info"]["input_config"][0], Json({"a.safetensors"}));
  EXPECT_EQ(error_of(check(with("../a.safetensors")), "1")["type"], "value_not_in_list");
}

TEST_F(ComfyValidationOfWords, WhatOnlyHeddleRefusesIsACustomError) {
  const Json error = word_error(R"({"text": "hi", "how": "loud", "seed": 1, "weight": NaN})");
  EXPECT_EQ(error["type"], "custom_validation_failed");
  EXPECT_EQ(error["message"], "Custom validation failed for node");
  EXPECT_THAT(error["details"], HasSubstr("weight - NaN is outside 0.0..1.0"));
  EXPECT_EQ(error["extra_info"], (Json{{"input_name", "weight"}}));
}

TEST_F(ComfyValidation, ALiteralWhereOnlyALinkWillDo) {
  const Json error = error_of(check(R"({"1": {"class_type": "Paint", "inputs": {"thing": 5}}})"), "1");
  EXPECT_EQ(error["type"], "custom_validation_failed");
  EXPECT_THAT(error["details"], HasSubstr("thing - takes a link to a THING output"));
}

TEST_F(ComfyValidationOfWords, CastsAreWrittenBack) {
  const ComfyCheck good = check(R"({"1": {"class_type": "Word", "inputs":
      {"text": 5, "how": {"__value__": "loud"}, "seed": "12", "weight": "1e-1", "other": [1, 2, 3]}},
      "3": {"class_type": "Join", "inputs": {"a": ["1", 0]}}})");
  EXPECT_THAT(good.outputs, ElementsAre("3"));
  EXPECT_EQ(good.prompt["1"]["inputs"],
            (Json{{"text", "5"}, {"how", "loud"}, {"seed", 12}, {"weight", 0.1}}));  // the unreadable one is gone
}

TEST_F(ComfyValidationOfWords, SeedsAreExactUpToTheLast) {
  const ComfyCheck good = check(R"({"1": {"class_type": "Word", "inputs":
      {"text": "hi", "how": "loud", "seed": 18446744073709551615, "weight": 1}},
      "3": {"class_type": "Join", "inputs": {"a": ["1", 0]}}})");
  EXPECT_EQ(good.prompt["1"]["inputs"]["seed"].get<uint64_t>(), UINT64_MAX);
  EXPECT_EQ(good.prompt["1"]["inputs"]["weight"].dump(), "1.0");
  EXPECT_EQ(word_error(R"({"text": "hi", "how": "loud", "seed": -1, "weight": 1})")["message"],
            "Value -1 smaller than min of 0");
  EXPECT_EQ(word_error(R"({"text": "hi", "how": "loud", "seed": 18446744073709551616, "weight": 1})")["type"],
            "invalid_input_type");
}

TEST_F(ComfyValidation, AliasesKeepTheNameThatWasWritten) {
  const ComfyCheck good = check(R"({"1": {"class_type": "Plus", "inputs": {"a": 1, "b": null}},
                                    "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})");
  EXPECT_EQ(good.prompt["1"]["class_type"], "Plus");
  const ComfyCheck bad = check(R"({"1": {"class_type": "Plus", "inputs": {}},
                                   "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})");
  EXPECT_EQ(bad.node_errors["1"]["class_type"], "Plus");
}

TEST_F(ComfyValidation, NumbersDoAsIdsOfLinks) {
  EXPECT_THAT(check(R"({"1": {"class_type": "Number", "inputs": {"value": 3}},
                        "2": {"class_type": "Show", "inputs": {"number": [1, 0]}}})").outputs,
              ElementsAre("2"));
}

TEST_F(ComfyValidation, GoodOutputsRunBesideBadOnes) {
  const ComfyCheck half = check(R"({"1": {"class_type": "Number", "inputs": {"value": 300}},
                                    "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}},
                                    "3": {"class_type": "Add", "inputs": {"a": ["1", 0]}},
                                    "4": {"class_type": "Show", "inputs": {"number": ["3", 0]}},
                                    "5": {"class_type": "Show", "inputs": {"number": 7}}})");
  EXPECT_EQ(half.error, nullptr);
  EXPECT_THAT(half.outputs, ElementsAre("5"));
  EXPECT_EQ(half.node_errors.size(), 1U);
  EXPECT_EQ(half.node_errors["1"]["dependent_outputs"], Json({"2", "4"}));
}

TEST_F(ComfyValidation, WhatNoOutputNeedsIsNotLookedAt) {
  Json prompt = parse_json(kGood);
  prompt["7"] = {{"class_type", "Number"}, {"inputs", {{"value", 300}}}};
  const ComfyCheck good = check(prompt.dump());
  EXPECT_EQ(good.node_errors, Json::object());
  EXPECT_EQ(good.prompt, prompt);
}

TEST_F(ComfyValidation, WhatCannotRunAtAllAndIsNotNeededIsLeftOut) {
  for (const char* extra : {R"({"class_type": "Add", "inputs": {"a": ["7", 0]}})",
                            R"({"class_type": "Add", "inputs": {"a": [1, 2, 3]}})",
                            R"({"class_type": "Add", "inputs": 3})"}) {
    Json prompt = parse_json(kGood);
    prompt["7"] = parse_json(extra);
    const ComfyCheck good = check(prompt.dump());
    EXPECT_THAT(good.outputs, ElementsAre("2")) << extra;
    EXPECT_EQ(good.prompt, parse_json(kGood)) << extra;
  }
}

TEST_F(ComfyValidation, ErrorsOfAStepComeInTheOrderOfItsInputs) {
  const ComfyCheck bad = check(R"({"1": {"class_type": "Add", "inputs": {"b": "x"}},
                                   "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})");
  const Json& errors = bad.node_errors["1"]["errors"];
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_EQ(errors[0]["type"], "required_input_missing");
  EXPECT_EQ(errors[1]["type"], "invalid_input_type");
}

}  // namespace
}  // namespace heddle::server
