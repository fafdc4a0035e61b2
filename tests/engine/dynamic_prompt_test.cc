#include "engine/dynamic_prompt.h"

#include <gtest/gtest.h>

#include <set>

namespace heddle {
namespace {

std::string drawn(std::string_view text) { return draw_dynamic_prompt(text, "1"); }

std::set<std::string> all_drawn(std::string_view text) {
  std::set<std::string> results;
  for (int seed = 0; seed < 200; ++seed)
    results.insert(draw_dynamic_prompt(text, std::to_string(seed)));
  return results;
}

TEST(DynamicPrompt, LeavesOtherTextAlone) {
  EXPECT_EQ(drawn("a (red:1.2) fox, [x] <lora:y:1>"), "a (red:1.2) fox, [x] <lora:y:1>");
  EXPECT_EQ(drawn(""), "");
}

TEST(DynamicPrompt, RemovesComments) {
  EXPECT_EQ(drawn("one // rest\ntwo /* gone\n */ three"), "one \ntwo  three");
  EXPECT_EQ(drawn("see https://example.org/fox\r\nnow"), "see https:\r\nnow");
  EXPECT_EQ(drawn("a /* not closed"), "a /* not closed");
  EXPECT_EQ(drawn("a /*/ b"), "a /*/ b");
  EXPECT_EQ(drawn("a /* b */ c */ /* d"), "a  c */ /* d");
  EXPECT_EQ(drawn("// /* x\n y */"), "\n y */");
  EXPECT_EQ(drawn("a // b\xE2\x80\xA8"
                  "c"),
            "a \xE2\x80\xA8"
            "c");
  EXPECT_EQ(drawn("half / a slash * b"), "half / a slash * b");
}

TEST(DynamicPrompt, DrawsEachPartOfABraceForSomeSeed) {
  EXPECT_EQ(all_drawn("a {red|green|blue} fox"),
            (std::set<std::string>{"a red fox", "a green fox", "a blue fox"}));
}

TEST(DynamicPrompt, DrawsNestedParts) {
  EXPECT_EQ(all_drawn("{a{1|2|{3}}b|{|x}|c}"),
            (std::set<std::string>{"a1b", "a2b", "a3b", "", "x", "c"}));
  EXPECT_EQ(all_drawn("{a|b}{c|d}"), (std::set<std::string>{"ac", "ad", "bc", "bd"}));
}

TEST(DynamicPrompt, OnePartStandsForItself) {
  EXPECT_EQ(drawn("{only} {{deep}} {}"), "only deep ");
}

TEST(DynamicPrompt, AnOpenBraceTakesTheRest) {
  EXPECT_EQ(drawn("{ open 3"), " open 3");
  EXPECT_EQ(all_drawn("x{a|b{c|d"), (std::set<std::string>{"xa", "xbc", "xbd"}));
}

TEST(DynamicPrompt, BarsAndClosingBracesOutsideAreText) { EXPECT_EQ(drawn("a|b}c"), "a|b}c"); }

TEST(DynamicPrompt, EscapesGiveTheBareCharacter) {
  EXPECT_EQ(drawn("\\{a\\|b\\}"), "{a|b}");
  EXPECT_EQ(all_drawn("{a\\|b|c\\}}"), (std::set<std::string>{"a|b", "c}"}));
  EXPECT_EQ(drawn("back\\slash \\n \\\\{x}"), "back\\slash \\n \\\\x");
  EXPECT_EQ(drawn("end\\"), "end\\");
  EXPECT_EQ(drawn("{end\\"), "end\\");
}

// These values are part of what a graph means: they may not change between platforms or versions.
TEST(DynamicPrompt, TheDrawOfATextAndASeedIsFixed) {
  EXPECT_EQ(
      draw_dynamic_prompt("{0|1|2|3|4|5|6|7|8|9}{0|1|2|3|4|5|6|7|8|9}{0|1|2|3|4|5|6|7|8|9}", "42"),
      "847");
  EXPECT_EQ(draw_dynamic_prompt("{red|green} fox", ""), "red fox");
}

TEST(DynamicPrompt, ReadsDeepAndLongTexts) {
  EXPECT_EQ(drawn(std::string(1'000'000, '{') + "x" + std::string(1'000'000, '}')), "x");
  EXPECT_EQ(drawn(std::string(1'000'000, '{')), "");
  std::string openings;
  for (int i = 0; i < 500'000; ++i) openings += "/* ";
  EXPECT_TRUE(drawn(openings) == openings);
  EXPECT_EQ(drawn("{" + std::string(1'000'000, '|') + "}"), "");
}

}  // namespace
}  // namespace heddle
