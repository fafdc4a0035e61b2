#include "engine/editor_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace heddle {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Json read_golden(const std::string& name) {
  const auto path = std::filesystem::path(HEDDLE_SOURCE_DIR) / "tests/golden/ui_graphs" / name;
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot open " + path.string());
  std::ostringstream text;
  text << in.rdbuf();
  return parse_json(text.str());
}

const Json& golden_declarations() {
  static const Json declarations = read_golden("declarations.json");
  return declarations;
}

struct Pair {
  std::string name;
  std::string report;
  Json any_of = Json::object();
};

std::vector<Pair> golden_pairs() {
  std::vector<Pair> pairs;
  for (const Json& entry : read_golden("index.json")) {
    pairs.push_back(
        {entry.at("name"), entry.value("report", ""), entry.value("any_of", Json::object())});
  }
  return pairs;
}

// Documents without the order of keys, so that equality is that of values.
nlohmann::json unordered(const Json& json) { return nlohmann::json::parse(json.dump()); }

std::string all_texts(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems)
    text += (problem.warning ? "warning " : "") + problem.kind + " " + to_text(problem) + "\n";
  return text;
}

class EditorPairs : public ::testing::TestWithParam<Pair> {};

TEST_P(EditorPairs, GiveTheSameSteps) {
  const Pair& pair = GetParam();
  const Json document = read_golden(pair.name + ".ui.json");
  ASSERT_TRUE(is_editor_format(document));
  const ConvertedGraph converted = convert_editor_graph(document, golden_declarations(), {});
  nlohmann::json expected = unordered(read_golden(pair.name + ".api.json"));
  const nlohmann::json got = unordered(converted.api);
  for (const auto& [place, values] : pair.any_of.items()) {
    const size_t dot = place.find('.');
    const std::string step = place.substr(0, dot), input = place.substr(dot + 1);
    const nlohmann::json drawn = got.at(step).at("inputs").at(input);
    EXPECT_THAT(unordered(values).get<std::vector<nlohmann::json>>(), ::testing::Contains(drawn));
    expected[step]["inputs"][input] = drawn;
  }
  EXPECT_EQ(got, expected) << nlohmann::json::diff(expected, got).dump(1)
                           << all_texts(converted.problems);
}

TEST_P(EditorPairs, HaveErrorsOnlyWhereTheGraphIsBroken) {
  const Pair& pair = GetParam();
  const ConvertedGraph converted =
      convert_editor_graph(read_golden(pair.name + ".ui.json"), golden_declarations(), {});
  if (!pair.report.empty()) {
    EXPECT_THAT(converted.problems, Not(IsEmpty())) << pair.report;
    return;
  }
  for (const Problem& problem : converted.problems)
    EXPECT_TRUE(problem.warning) << all_texts({problem});
}

INSTANTIATE_TEST_SUITE_P(Golden, EditorPairs, ::testing::ValuesIn(golden_pairs()),
                         [](const auto& info) { return info.param.name; });

// What a checker must name, in the pairs whose index entry says so.
TEST(EditorProblems, NameWhatIsBroken) {
  const auto problems_of = [](const std::string& name) {
    return all_texts(
        convert_editor_graph(read_golden(name + ".ui.json"), golden_declarations(), {}).problems);
  };
  EXPECT_EQ(problems_of("missing_type"),
            "unknown_node 50 (Nowhere <Model> & \"Patch\"): unknown node \"Nowhere <Model> & "
            "\"Patch\"\"\n");
  EXPECT_EQ(problems_of("node_gone"),
            "link_origin_gone 3 (KSampler).positive: the node that feeds it, 6, does not exist; "
            "connect it again\n");
  EXPECT_EQ(
      problems_of("duplicate_ids"),
      "duplicate_id 6 (CLIPTextEncode): two nodes have the id 6; give one of them another id\n");
  EXPECT_EQ(problems_of("cycle"),
            "warning cycle 2 (ImageInvert): these steps wait for one another: 2 -> 1 -> 2\n");
  EXPECT_EQ(
      problems_of("subgraph_missing_definition"),
      "unknown_node 10 (1fe90897-9eba-4ab4-ae58-0b98e9907b46): the definition of the subgraph "
      "1fe90897-9eba-4ab4-ae58-0b98e9907b46 is not in the file\n");
  EXPECT_EQ(problems_of("link_missing"),
            "link_missing 3 (KSampler).latent_image: its link 6 is not in the list of links; "
            "connect it again\n");
  EXPECT_EQ(problems_of("link_origin_gone"),
            "link_origin_gone 3 (KSampler).latent_image: the node that feeds it, 77, does not "
            "exist; connect it again\n");
  EXPECT_EQ(problems_of("link_origin_slot"),
            "link_origin_slot 3 (KSampler).latent_image: EmptyLatentImage (5) has no output 5; "
            "connect it again\n");
  EXPECT_THAT(problems_of("unlinked_required"),
              HasSubstr("warning unlinked_required 8 (VAEDecode).vae: is required, but nothing is "
                        "linked to it\n"));
}

// Small documents, made from nodes and links.
struct Document {
  Json nodes = Json::array(), links = Json::array(), subgraphs = Json::array(),
       groups = Json::object();

  ConvertedGraph convert(const EditorOptions& options = {}) const {
    Json json = {{"definitions", {{"subgraphs", subgraphs}}}, {"extra", {{"groupNodes", groups}}}};
    json["nodes"] = nodes;
    json["links"] = links;
    return convert_editor_graph(json, golden_declarations(), options);
  }
};

Json input(const std::string& name, const std::string& type, Json link) {
  return {{"name", name}, {"type", type}, {"link", std::move(link)}};
}

Json node(Json id, const std::string& type, Json::array_t inputs, Json values = nullptr) {
  return {{"id", std::move(id)},
          {"type", type},
          {"inputs", std::move(inputs)},
          {"widgets_values", std::move(values)}};
}

Json with(Json object, const std::string& key, Json value) {
  object[key] = std::move(value);
  return object;
}

Json reroute(int id, Json link) {
  return with(node(id, "Reroute", {input("", "*", std::move(link))}), "outputs",
              {{{"name", ""}, {"type", "*"}}});
}

Json source_node(int id) { return node(id, "GoldenSource", {}, Json::array_t{3}); }

Json invert(int id, Json link) {
  return node(id, "ImageInvert", {input("image", "IMAGE", std::move(link))});
}

Json link(int id, Json from, Json slot, Json to) {
  return {id, std::move(from), std::move(slot), std::move(to), 0, "X"};
}

std::string inputs_of(const ConvertedGraph& graph, const std::string& step) {
  return graph.api.contains(step) ? dump_python(graph.api.at(step).at("inputs"))
                                  : "no step " + step;
}

std::string saved_as(const std::string& prefix, const EditorOptions& options) {
  Document document;
  document.nodes = {node(9, "SaveImage", {}, Json::array_t{prefix}),
                    with(node(5, "EmptyLatentImage", {}, {512, 768, 1}), "title", "my:size"),
                    node(3, "KSampler", {}, {7, "fixed", 20, 8.0, "../a\\b?", "karras", 0.25})};
  return document.convert(options).api["9"]["inputs"]["filename_prefix"];
}

TEST(EditorFileNames, TakeTheTimeThatIsGiven) {
  EditorOptions options;
  options.now.tm_year = 2024 - 1900;
  options.now.tm_mon = 2;
  options.now.tm_mday = 7;
  options.now.tm_hour = 15;
  options.now.tm_min = 4;
  options.now.tm_sec = 9;
  EXPECT_EQ(saved_as("%date:yyyy-MM-dd%", options), "2024-03-07");
  EXPECT_EQ(saved_as("%date:yy-M-d h.m.s hh.mm.ss%", options), "24-3-7 15.4.9 15.04.09");
  EXPECT_EQ(saved_as("%date:dddd yyy MMM Q%", options), "0707 yyy 033 Q");
  EXPECT_EQ(saved_as("a%date:%b", options), "ab");
}

TEST(EditorFileNames, TakeWidgetsByTypeThenByTitle) {
  EXPECT_EQ(saved_as("x/%EmptyLatentImage.width%x%my:size.height%", {}), "x/512x768");
  EXPECT_EQ(saved_as("%KSampler.cfg%_%KSampler.denoise%", {}), "8_0.25");
  EXPECT_EQ(saved_as("%Save Image.filename_prefix%", {}), "%Save Image.filename_prefix%");
}

TEST(EditorFileNames, ReplaceWhatFileSystemsForbid) {
  EXPECT_EQ(saved_as("%KSampler.sampler_name%", {}), ".._a_b_");
}

TEST(EditorFileNames, KeepWhatIsNotFound) {
  EXPECT_EQ(saved_as("100% of %KSampler.seed%", {}), "100% of %KSampler.seed%");
  EXPECT_EQ(saved_as("%%KSampler.seed%%", {}), "%7%");
  EXPECT_EQ(saved_as("%KSampler.nothing%_%Nobody.x%_%a.b.c%_%width%_%", {}),
            "%KSampler.nothing%_%Nobody.x%_%a.b.c%_%width%_%");
}

TEST(EditorFileNames, APrimitiveMayAskForThem) {
  Document document;
  document.nodes = {node(1, "CLIPTextEncode", {input("text", "STRING", 1)}, {"own"}),
                    with(node(2, "PrimitiveNode", {}, {"seed %KSampler.seed%"}), "properties",
                         {{"Run widget replace on values", true}}),
                    node(3, "KSampler", {}, {7, "fixed"})};
  document.links = {link(1, 2, 0, 1)};
  EXPECT_EQ(inputs_of(document.convert(), "1"), R"({"text": "seed 7"})");
}

TEST(EditorChoices, AreDrawnByTextAndFirstSeed) {
  const auto drawn = [](const std::string& text, int64_t seed, const EditorOptions& options) {
    Document document;
    document.nodes = {node(6, "CLIPTextEncode", {}, Json::array_t{text}),
                      node(3, "KSampler", {}, {seed, "fixed"}),
                      node(4, "KSampler", {}, {99, "fixed"})};
    return document.convert(options).api["6"]["inputs"]["text"].get<std::string>();
  };
  const std::string text = "{0|1|2|3|4|5|6|7|8|9}{0|1|2|3|4|5|6|7|8|9}{0|1|2|3|4|5|6|7|8|9}";
  EXPECT_EQ(drawn(text, 42, {}), "847");
  EXPECT_EQ(drawn(text, 42, {}), drawn(text, 42, {}));
  EXPECT_NE(drawn(text, 43, {}), drawn(text, 42, {}));
  EditorOptions other_seed;
  other_seed.seed = 42;
  EXPECT_EQ(drawn(text, 1, other_seed), "847");
}

TEST(EditorValues, MultilineTextTurnsNumbersIntoText) {
  Document document;
  const auto text = [&](Json value) {
    document.nodes = {node(1, "CLIPTextEncode", {}, Json::array_t{std::move(value)})};
    return document.convert().api["1"]["inputs"]["text"];
  };
  EXPECT_EQ(text(1.5), "1.5");
  EXPECT_EQ(text(2.0), "2");
  EXPECT_EQ(text(1e-7), "1e-7");
  EXPECT_EQ(text(1e21), "1e+21");
  EXPECT_EQ(text(uint64_t{18446744073709551615u}), "18446744073709551615");
  EXPECT_EQ(text(true), true);
}

TEST(EditorValues, AnObjectWithAHugeLengthIsNoList) {
  Document document;
  document.nodes = {
      node(1, "EmptyLatentImage", {}, {{"length", 1e15}, {"0", 64}, {"99999999", 1}})};
  EXPECT_EQ(inputs_of(document.convert(), "1"), R"({"width": 64, "height": 512, "batch_size": 1})");
}

TEST(EditorBypass, UnionsAndCaseFit) {
  Document document;
  document.nodes = {
      source_node(1),
      with(with(node(2, "Custom", {input("a", "MASK", nullptr), input("b", "float,Image", 1)}),
                "mode", 4),
           "outputs", {{{"type", "IMAGE"}}}),
      invert(3, 2)};
  document.links = {link(1, 1, 4, 2), link(2, 2, 0, 3)};
  const ConvertedGraph converted = document.convert();
  EXPECT_EQ(inputs_of(converted, "3"), R"({"image": ["1", 4]})");
  EXPECT_THAT(converted.problems, IsEmpty());  // a bypassed node of unknown type is never run
}

TEST(EditorBypass, APrimitiveBehindABypassedNodeDoesNotReachTheWidget) {
  Document document;
  document.nodes = {node(1, "PrimitiveNode", {}, {5}),
                    with(node(2, "PrimitiveInt", {input("value", "INT", 1)}, {6}), "mode", 4),
                    node(3, "EmptyLatentImage", {input("width", "INT", 2)}, {64, 128, 1})};
  document.links = {link(1, 1, 0, 2), link(2, 2, 0, 3)};
  EXPECT_EQ(inputs_of(document.convert(), "3"), R"({"width": 64, "height": 128, "batch_size": 1})");
}

TEST(EditorBypass, ACircleOfBypassedNodesFeedsNothing) {
  Document document;
  document.nodes = {with(invert(1, 2), "mode", 4), with(invert(2, 1), "mode", 4), invert(3, 1)};
  document.links = {link(1, 1, 0, 2), link(2, 2, 0, 1)};
  EXPECT_EQ(inputs_of(document.convert(), "3"), "{}");
}

TEST(EditorReroutes, ABrokenLinkBehindAChainIsReportedOnce) {
  Document document;
  document.nodes = {reroute(1, 10), reroute(2, 11), invert(3, 12), invert(4, 12)};
  document.links = {link(10, 99, 0, 1), link(11, 1, 0, 2), link(12, 2, 0, 3)};
  EXPECT_EQ(all_texts(document.convert().problems),
            "link_origin_gone 1 (Reroute): the node that feeds it, 99, does not exist; connect it "
            "again\n");
}

Json inner_link(int id, Json from, int slot, Json to, int to_slot) {
  return {{"id", id},
          {"origin_id", std::move(from)},
          {"origin_slot", slot},
          {"target_id", std::move(to)},
          {"target_slot", to_slot},
          {"type", "X"}};
}

// A definition with one IMAGE input and one IMAGE output that its only node stands between.
Json chain_definition(const std::string& id, Json inner) {
  return {{"id", id},
          {"name", "Chain " + id},
          {"inputs", {{{"name", "in"}, {"type", "IMAGE"}, {"linkIds", {1}}}}},
          {"outputs", {{{"name", "out"}, {"type", "IMAGE"}, {"linkIds", {2}}}}},
          {"nodes", Json::array_t{std::move(inner)}},
          {"links", {inner_link(1, -10, 0, 5, 0), inner_link(2, 5, 0, -20, 0)}}};
}

Json instance(int id, const std::string& type, Json link) {
  return node(id, type, {input("in", "IMAGE", std::move(link))});
}

TEST(EditorSubgraphs, ADefinitionThatContainsItselfIsAProblem) {
  Document document;
  document.subgraphs = {chain_definition("a", instance(5, "b", 1)),
                        chain_definition("b", instance(5, "a", 1))};
  document.nodes = {instance(1, "a", nullptr), invert(2, 1)};
  document.links = {link(1, 1, 0, 2)};
  const ConvertedGraph converted = document.convert();
  EXPECT_EQ(all_texts(converted.problems),
            "cycle 1:5:5 (a): the subgraph \"Chain a\" contains itself\n");
  EXPECT_EQ(inputs_of(converted, "2"), "{}");
}

TEST(EditorSubgraphs, AnInstanceThatFeedsItselfFeedsNothing) {
  Document document;
  Json pass = chain_definition("a", invert(5, nullptr));
  pass["links"] = {inner_link(2, -10, 0, -20, 0)};
  document.subgraphs = {pass};
  document.nodes = {instance(1, "a", 1), invert(2, 1)};
  document.links = {link(1, 1, 0, 2)};
  EXPECT_EQ(inputs_of(document.convert(), "2"), "{}");
}

TEST(EditorSubgraphs, DoublingManyTimesIsRefused) {
  Document document;
  for (int level = 0; level < 40; ++level) {
    Json definition =
        chain_definition(std::string("d").append(std::to_string(level)),
                         instance(5, std::string("d").append(std::to_string(level + 1)), nullptr));
    definition["nodes"].push_back(
        instance(6, std::string("d").append(std::to_string(level + 1)), nullptr));
    document.subgraphs.push_back(definition);
  }
  document.subgraphs.push_back(chain_definition("d40", invert(5, nullptr)));
  document.nodes = {instance(1, "d0", nullptr)};
  EXPECT_THAT(all_texts(document.convert().problems), HasSubstr("cannot be unfolded"));
}

TEST(EditorSubgraphs, DeepNestingIsRefused) {
  Document document;
  for (int level = 0; level < 1000; ++level) {
    document.subgraphs.push_back(
        chain_definition(std::string("d").append(std::to_string(level)),
                         instance(5, std::string("d").append(std::to_string(level + 1)), 1)));
  }
  document.nodes = {instance(1, "d0", nullptr)};
  EXPECT_THAT(all_texts(document.convert().problems), HasSubstr("is nested more than 50 deep"));
}

TEST(EditorSubgraphs, ManyInstancesOfALargeDefinitionAreRefused) {
  Document document;
  Json definition = chain_definition("a", invert(5, 1));
  for (int i = 0; i < 20'000; ++i)
    definition["inputs"].push_back({{"name", std::string("more ").append(std::to_string(i))}});
  document.subgraphs.push_back(definition);
  for (int i = 0; i < 200; ++i) document.nodes.push_back(instance(i, "a", nullptr));
  EXPECT_THAT(all_texts(document.convert().problems), HasSubstr("too_large"));
}

TEST(EditorSubgraphs, AnOutputIsFoundByTheLinkThatLeadsToIt) {
  Document document;
  document.subgraphs = {chain_definition("a", invert(5, 1))};
  document.subgraphs[0]["outputs"][0].erase("linkIds");
  document.nodes = {instance(1, "a", nullptr), invert(2, 1)};
  document.links = {link(1, 1, 0, 2)};
  EXPECT_EQ(inputs_of(document.convert(), "2"), R"({"image": ["1:5", 0]})");
}

TEST(EditorSubgraphs, ABrokenDefinitionThatNothingUsesIsIgnored) {
  Document document;
  document.subgraphs = {{{"id", "a"}, {"nodes", {nullptr, 3, {{"id", {}}}}}, {"links", 7}}};
  EXPECT_THAT(document.convert().problems, IsEmpty());
}

TEST(EditorSubgraphs, OneTextInManyPlacesDoesNotFillTheMemory) {
  Document document;
  const std::string text(100'000, 'x');
  document.nodes = {node(1, "PrimitiveNode", {}, Json::array_t{text})};
  for (int i = 2; i < 1500; ++i) {
    document.nodes.push_back(node(i, "CLIPTextEncode", {input("text", "STRING", i)}));
    document.links.push_back(link(i, 1, 0, i));
  }
  EXPECT_THAT(all_texts(document.convert().problems),
              HasSubstr("the graph would be larger than 134217728 bytes"));
}

TEST(EditorSubgraphs, TwoNodesWithOneStepIdAreAProblem) {
  Document document;
  document.subgraphs = {chain_definition("a", invert(5, 1))};
  document.nodes = {instance(1, "a", nullptr), with(invert(0, nullptr), "id", "1:5")};
  EXPECT_THAT(all_texts(document.convert().problems),
              HasSubstr("duplicate_id 1:5 (ImageInvert): two nodes become steps"));
}

Json group_of(Json::array_t nodes, Json::array_t links) {
  return {{"nodes", std::move(nodes)}, {"links", std::move(links)}, {"external", Json::array()}};
}

TEST(EditorGroups, ReadTheValuesOfAllInnerWidgetsWithTheirControls) {
  Document document;
  document.groups["Two"] =
      group_of({node(nullptr, "KSampler", {input("model", "MODEL", nullptr)}, {1, "fixed"}),
                node(nullptr, "EmptyLatentImage", {}, {8, 8, 8})},
               {});
  document.nodes = {
      node(7, "workflow/Two", {}, {11, "randomize", 12, 1.5, "euler", "simple", 0.5, 64, 96, 2})};
  const ConvertedGraph converted = document.convert();
  EXPECT_EQ(
      inputs_of(converted, "7:0"),
      R"({"seed": 11, "steps": 12, "cfg": 1.5, "sampler_name": "euler", "scheduler": "simple", "denoise": 0.5})");
  EXPECT_EQ(inputs_of(converted, "7:1"), R"({"width": 64, "height": 96, "batch_size": 2})");
}

TEST(EditorGroups, FollowInnerLinksAndNameRepeatedSockets) {
  Document document;
  const auto inner = [](const std::string& title) {
    return with(node(nullptr, "ImageInvert", {input("image", "IMAGE", nullptr)}), "title", title);
  };
  document.groups["Three"] =
      group_of({inner("A"), inner("B"), inner("B"), inner("B")}, {{0, 0, 1, 0, 0, "IMAGE"}});
  document.nodes = {source_node(1),
                    node(2, "workflow>Three",
                         {input("image", "IMAGE", 1), input("B image", "IMAGE", 2),
                          input("B 2 image", "IMAGE", 3)}),
                    invert(3, 4)};
  document.links = {link(1, 1, 4, 2), link(2, 1, 4, 2), link(3, 1, 4, 2), link(4, 2, 0, 3)};
  const ConvertedGraph converted = document.convert();
  EXPECT_EQ(inputs_of(converted, "2:0"), R"({"image": ["1", 4]})");
  EXPECT_EQ(inputs_of(converted, "2:1"), R"({"image": ["2:0", 0]})");
  EXPECT_EQ(inputs_of(converted, "2:2"), R"({"image": ["1", 4]})");
  EXPECT_EQ(inputs_of(converted, "2:3"), R"({"image": ["1", 4]})");
  EXPECT_EQ(inputs_of(converted, "3"), R"({"image": ["2:1", 0]})")
      << "the output that is linked inside is hidden";
}

TEST(EditorGroups, APrimitiveInsideIsRefused) {
  Document document;
  document.groups["P"] = group_of({node(nullptr, "PrimitiveNode", {}, {3})}, {});
  document.nodes = {node(1, "workflow>P", {})};
  EXPECT_THAT(all_texts(document.convert().problems),
              HasSubstr("replace the group node by a subgraph"));
}

TEST(EditorGroups, AGroupThatContainsItselfIsAProblem) {
  Document document;
  document.groups["Self"] = group_of({node(nullptr, "workflow>Self", {})}, {});
  document.nodes = {node(1, "workflow>Self", {})};
  EXPECT_THAT(all_texts(document.convert().problems),
              HasSubstr("cycle 1:0 (workflow>Self): the subgraph \"Self\" contains itself"));
}

TEST(EditorDocument, WrongTypesEverywhereAreProblemsAndNeverExceptions) {
  const Json golden = read_golden("subgraph_promoted.ui.json");
  const std::vector<Json> wrong = {nullptr,       true,           -1,       1e300, "text",
                                   Json::array(), Json::object(), {1, 2, 3}};
  const Json flat = golden.flatten();
  size_t converted = 0;
  for (auto place = flat.begin(); place != flat.end(); ++place) {
    // Not only the leaf: also what is around it.
    for (auto pointer = Json::json_pointer(place.key()); !pointer.empty(); pointer.pop_back()) {
      Json document = golden;
      document[pointer] = wrong[converted++ % wrong.size()];
      convert_editor_graph(document, golden_declarations(), {});
    }
  }
  EXPECT_GT(converted, 1000u);
}

TEST(EditorDocument, SaysWhatCannotBeRead) {
  Document document;
  document.nodes = {nullptr,
                    {{"id", 1}},
                    {{"type", "A"}},
                    {{"id", 1.5}, {"type", "A"}},
                    {{"id", 2}, {"type", "ImageInvert"}, {"inputs", "no"}, {"widgets_values", 5}},
                    node(3, "ImageInvert", {input("image", "IMAGE", {1})})};
  document.links = {nullptr,         5, {1, 2}, {{"id", 1}}, link(9, 1, 0, 2), link(9, 1, 1, 2),
                    link(9, 1, 0, 2)};
  EXPECT_EQ(
      all_texts(document.convert().problems),
      "malformed nodes[0] cannot be read: it needs an id (a number or a short text) and a type\n"
      "malformed nodes[1] cannot be read: it needs an id (a number or a short text) and a type\n"
      "malformed nodes[2] cannot be read: it needs an id (a number or a short text) and a type\n"
      "malformed nodes[3] cannot be read: it needs an id (a number or a short text) and a type\n"
      "malformed the widgets_values of node 2 are neither a list nor an object\n"
      "malformed the inputs of node 2 are no list\n"
      "malformed node 3 has an input whose link is neither a number nor null: \"image\"\n"
      "malformed links[1] cannot be read: it needs an id and two ends\n"
      "malformed links[2] cannot be read: it needs an id and two ends\n"
      "malformed links[3] cannot be read: it needs an id and two ends\n"
      "duplicate_id two different links have the id 9; remove one of them\n"
      "warning unlinked_required 2 (ImageInvert).image: is required, but nothing is linked to it\n"
      "warning unlinked_required 3 (ImageInvert).image: is required, but nothing is linked to "
      "it\n");
}

TEST(EditorDocument, OtherJsonIsNotInEditorFormat) {
  EXPECT_FALSE(is_editor_format(Json{{"3", {{"class_type", "KSampler"}}}}));
  EXPECT_FALSE(is_editor_format(Json::array()));
  EXPECT_FALSE(is_editor_format(Json{{"nodes", 3}}));
  EXPECT_EQ(all_texts(convert_editor_graph(Json(1), golden_declarations(), {}).problems),
            "malformed not a graph of the editor: it has no list \"nodes\"\n");
}

TEST(EditorDocument, UnknownTypesGetASuggestion) {
  Document document;
  document.nodes = {node(1, "KSamler", {}), node(2, "workflow>Gone", {})};
  EXPECT_EQ(all_texts(document.convert().problems),
            "unknown_node 1 (KSamler): unknown node \"KSamler\", did you mean \"KSampler\"?\n"
            "unknown_node 2 (workflow>Gone): the definition of the subgraph workflow>Gone is not "
            "in the file\n");
}

TEST(EditorDocument, ThousandsOfProblemsAreCut) {
  Document document;
  for (int i = 0; i < 5000; ++i) document.nodes.push_back(node(i, "Nowhere", {}));
  const ConvertedGraph converted = document.convert();
  ASSERT_EQ(converted.problems.size(), 1001u);
  EXPECT_EQ(converted.problems.back().kind, "too_many");
}

constexpr int kMany = 100'000;

// Large documents, written as text.
struct LargeDocument {
  std::string nodes, links;

  void add_node(int id, const std::string& type, int mode, int link) {
    nodes += nodes.empty() ? "" : ",";
    nodes += R"({"id":)" + std::to_string(id) + R"(,"type":")" + type + R"(","mode":)" +
             std::to_string(mode);
    nodes += R"(,"inputs":[{"name":"image","type":"IMAGE","link":)" + std::to_string(link) + "}]}";
  }
  void add_link(int id, int from, int slot) {
    links += links.empty() ? "[" : ",[";
    for (const int part : {id, from, slot, 0}) links.append(std::to_string(part)) += ',';
    links += "0]";
  }
  ConvertedGraph convert() const {
    const std::string text = R"({"nodes":[)" + nodes + R"(],"links":[)" + links + "]}";
    return convert_editor_graph(parse_json(text), golden_declarations(), {});
  }
};

TEST(EditorSize, AHundredThousandNodesInARow) {
  LargeDocument document;
  document.nodes = R"({"id": 0, "type": "GoldenSource"})";
  document.add_link(0, 0, 4);
  for (int i = 1; i < kMany; ++i) {
    document.add_node(i, "ImageInvert", 0, i - 1);
    document.add_link(i, i, 0);
  }
  const ConvertedGraph converted = document.convert();
  EXPECT_EQ(converted.api.size(), size_t(kMany));
  EXPECT_EQ(dump_python((--converted.api.end()).value()["inputs"]), R"({"image": ["99998", 0]})");
  EXPECT_THAT(converted.problems, IsEmpty());
}

// A chain of nodes that pass on, with consumers all along it: each stretch may be walked only once.
TEST(EditorSize, LongChainsOfReroutesAndBypassedNodes) {
  for (const bool bypass : {false, true}) {
    LargeDocument document;
    document.nodes = R"({"id": 0, "type": "GoldenSource"})";
    document.add_link(0, 0, 4);
    for (int i = 1; i < kMany; ++i) {
      document.add_node(i, bypass ? "ImageInvert" : "Reroute", bypass ? 4 : 0, i - 1);
      document.add_node(kMany + i, "ImageInvert", 0, i);
      document.add_link(i, i, 0);
    }
    const ConvertedGraph converted = document.convert();
    EXPECT_EQ(converted.api.size(), size_t(kMany));
    EXPECT_EQ(inputs_of(converted, "199999"), R"({"image": ["0", 4]})");
    EXPECT_EQ(inputs_of(converted, "150000"), R"({"image": ["0", 4]})");
  }
}

TEST(EditorSize, ALongCircleOfSteps) {
  LargeDocument document;
  for (int i = 0; i < kMany; ++i) {
    document.add_node(i, "ImageInvert", 0, i);
    document.add_link(i, (i + 1) % kMany, 0);
  }
  const Problems problems = document.convert().problems;
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].kind, "cycle");
}

}  // namespace
}  // namespace heddle
