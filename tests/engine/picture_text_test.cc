// Pictures of other programs, by readers that the registry was given.
#include <gmock/gmock.h>

#include "engine/image_file.h"
#include "engine/load_graph.h"

namespace heddle {
namespace {

using ::testing::HasSubstr;

std::string picture_with(const ImageTexts& texts) {
  return encode_png({.width = 1, .height = 1, .pixels = {0, 0, 0}}, texts);
}

LoadedGraph load(const std::string& bytes, const ForeignTexts& foreign) {
  return load_graph(
      bytes, "p.png", [] { return Json::object(); }, 0, foreign);
}

ForeignGraph one_step(const std::string& text) {
  return {Json{{"1", {{"class_type", text}, {"inputs", Json::object()}}}},
          {{"", "", "", "note", "something is left out", true}}};
}

TEST(PictureTexts, BecomeGraphsByTheirReader) {
  const LoadedGraph loaded = load(picture_with({{"recipe", "Number"}}), {{"recipe", one_step}});
  ASSERT_EQ(loaded.graph.steps.size(), 1u);
  EXPECT_EQ(loaded.graph.steps[0].node, "Number");
  EXPECT_TRUE(loaded.problems.empty());
  ASSERT_EQ(loaded.warnings.size(), 1u);
  EXPECT_EQ(loaded.warnings[0].message, "something is left out");
}

TEST(PictureTexts, GiveNoGraphWhereTheReaderFindsAProblem) {
  const ForeignTexts readers{{"recipe", [](const std::string&) {
                                return ForeignGraph{Json::object(), {{"", "", "", "odd", "not a recipe"}}};
                              }}};
  const LoadedGraph loaded = load(picture_with({{"recipe", "x"}}), readers);
  EXPECT_TRUE(loaded.graph.steps.empty());
  ASSERT_EQ(loaded.problems.size(), 1u);
  EXPECT_EQ(loaded.problems[0].message, "not a recipe");
}

TEST(PictureTexts, CountOnlyWhereThereIsNoWorkflow) {
  const std::string prompt = R"({"7": {"class_type": "Other", "inputs": {}}})";
  const LoadedGraph loaded = load(picture_with({{"recipe", "Number"}, {"prompt", prompt}}), {{"recipe", one_step}});
  ASSERT_EQ(loaded.graph.steps.size(), 1u);
  EXPECT_EQ(loaded.graph.steps[0].node, "Other");
}

TEST(PictureTexts, WithoutAReaderAreNoGraph) {
  const LoadedGraph loaded = load(picture_with({{"recipe", "Number"}}), {});
  ASSERT_EQ(loaded.problems.size(), 1u);
  EXPECT_THAT(loaded.problems[0].message, HasSubstr("a picture without a workflow in it"));
}

}  // namespace
}  // namespace heddle
