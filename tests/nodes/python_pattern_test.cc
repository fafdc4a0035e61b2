// Patterns that Python and ICU write differently; the expected results are Python's.
#include "nodes/python_pattern.h"

#include <gmock/gmock.h>

#include "nodes/python_regex.h"

namespace heddle {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

std::vector<std::string> all(std::string_view pattern, std::string_view text, RegexFlags flags = {}) {
  PythonRegex regex(pattern, flags, text, [] {});
  std::vector<std::string> found;
  while (regex.next()) found.push_back(regex.group(0));
  return found;
}

TEST(PythonPattern, SignsWithinSetsAreLetters) {
  EXPECT_THAT(all("[[a]+", "[a]"), ElementsAre("[a"));
  EXPECT_THAT(all("[]a]+", "[a]"), ElementsAre("a]"));
  EXPECT_THAT(all("[^]a]+", "x]y"), ElementsAre("x", "y"));
  EXPECT_THAT(all("[a&&b]+", "a&b"), ElementsAre("a&b"));
  EXPECT_THAT(all(R"([\w-]+)", "a_b-c d"), ElementsAre("a_b-c", "d"));
  EXPECT_THAT(all(R"([\b\x41\101]+)", "A\bA"), ElementsAre("A\bA"));
}

TEST(PythonPattern, BracesAreLettersUnlessTheyRepeat) {
  EXPECT_THAT(all("{a|b}", "{a b}"), ElementsAre("{a", "b}"));
  EXPECT_THAT(all("a{,2}b", "aaab"), ElementsAre("aab"));
  EXPECT_THAT(all("a{2}", "aaa"), ElementsAre("aa"));
  EXPECT_THAT(all("x{}", "x{}"), ElementsAre("x{}"));
  EXPECT_THAT(all("]", "]"), ElementsAre("]"));
}

TEST(PythonPattern, ClassesAreThoseOfPython) {
  EXPECT_THAT(all(R"(\w+)", "naïve_ª½ क्ष"), ElementsAre("naïve_ª½", "क", "ष"));  // a vowel killer is no letter
  EXPECT_THAT(all(R"(\S+)", "a\x1c" "b\xc2\x85" "c"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(all(R"(\bfox\b)", "fox foxes fire_fox the-fox"), ElementsAre("fox", "fox"));
  EXPECT_THAT(all(R"(\Box)", "ox fox"), ElementsAre("ox"));
  EXPECT_THAT(all(R"(a\Z)", "a\na"), ElementsAre("a"));
  EXPECT_THAT(all(R"(\012|\0)", "\n"), ElementsAre("\n"));
}

TEST(PythonPattern, GroupsHaveNamesAndFlags) {
  EXPECT_THAT(all(R"((?P<a_b>[xy])(?P=a_b))", "xxyyxy"), ElementsAre("xx", "yy"));
  EXPECT_THAT(all(R"((?i:A)b(?#comment))", "ab aB"), ElementsAre("ab"));
  EXPECT_THAT(all(R"((?iu)A)", "aA"), ElementsAre("a", "A"));
  EXPECT_THAT(all(R"((?<=a)b(?!c))", "abc ab"), ElementsAre("b"));
  EXPECT_EQ(to_icu_pattern(R"((a)(?P<n>b)(?:c))", false).groups.at("n"), 2);
}

TEST(PythonPattern, MultilineMatchesBehindTheLastLineEnd) {
  PythonRegex regex("^", {.multiline = true}, "a\nb\n", [] {});
  EXPECT_EQ(regex.replaced("> ", 0), "> a\n> b\n> ");
}

TEST(PythonPattern, WhatCannotBeDoneIsSaid) {
  const auto error = [](const char* pattern, const char* what) {
    EXPECT_THAT([&] { to_icu_pattern(pattern, false); }, ThrowsMessage<std::runtime_error>(HasSubstr(what))) << pattern;
  };
  error(R"(\Qa\E)", "has \\Q, which means nothing");
  error(R"([\h])", "has \\h within [ ], which means nothing");
  error("(?(1)a|b)", "conditional group");
  error("(?a)x", "(?a, which is not supported");
  error("(?<name>x)", "not supported");
  error("[abc", "has a [ without ]");
  error("a\\", "ends with a backslash");
  error("(?P<x", "has a group without >");
  error("(?P<x>a)(?P<x>b)", "two groups named x");
  error("(?P=y)", "refers to a group y");
  error(R"(\777)", "octal number above");
}

TEST(PythonRegex, CancellingPassesThrough) {
  struct Stop {};
  const std::string text = std::string(40, 'a') + "!";
  PythonRegex regex("^(a+)+$", {}, text, [] { throw Stop(); });
  EXPECT_THROW(regex.next(), Stop);
}

}  // namespace
}  // namespace heddle
