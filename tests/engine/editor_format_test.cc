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

std::string texts(const Problems& problems) {
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
                           << texts(converted.problems);
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
    EXPECT_TRUE(problem.warning) << texts({problem});
}

INSTANTIATE_TEST_SUITE_P(Golden, EditorPairs, ::testing::ValuesIn(golden_pairs()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace heddle
