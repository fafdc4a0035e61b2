// Texts: expected values are what Python gives.
#include <gmock/gmock.h>

#include "nodes/python_strings.h"
#include "tests/nodes/run_node.h"

namespace heddle {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using test::literal;
using test::run_node;

std::string text_of(const std::string& node, const std::map<std::string, test::Given>& given) {
  return run_node(node, given).get<std::string>();
}

TEST(Strings, JoinCutAndCountCharacters) {
  EXPECT_EQ(text_of("StringConcatenate", {{"string_a", literal("a")}, {"string_b", literal("b")}, {"delimiter", literal(", ")}}), "a, b");
  const auto cut = [](int start, int end) {
    return text_of("StringSubstring", {{"string", literal("añ🦊xyz")}, {"start", literal(start)}, {"end", literal(end)}});
  };
  EXPECT_EQ(cut(1, 3), "ñ🦊");
  EXPECT_EQ(cut(-3, -1), "xy");
  EXPECT_EQ(cut(4, 2), "");
  EXPECT_EQ(cut(-99, 99), "añ🦊xyz");
  EXPECT_EQ(run_node("StringLength", {{"string", literal("añ🦊")}}).get<int64_t>(), 3);
}

TEST(Strings, ChangeCaseAsPythonDoes) {
  const auto cased = [](const char* text, const char* mode) {
    return text_of("CaseConverter", {{"string", literal(text)}, {"mode", literal(mode)}});
  };
  EXPECT_EQ(cased("straße ǆ", "UPPERCASE"), "STRASSE Ǆ");
  EXPECT_EQ(cased("ΟΔΟΣ İ", "lowercase"), "οδος i̇");
  EXPECT_EQ(cased("ǆ HELLO World", "Capitalize"), "ǅ hello world");
  EXPECT_EQ(cased("they're bill's FRIENDS 2nd", "Title Case"), "They'Re Bill'S Friends 2Nd");
  EXPECT_EQ(cased("", "Title Case"), "");
}

TEST(Strings, TrimWhatPythonCallsWhiteSpace) {
  const auto trimmed = [](const char* mode) {
    return text_of("StringTrim", {{"string", literal("\x1c \xc2\xa0\nx y\t\xe3\x80\x80")}, {"mode", literal(mode)}});
  };
  EXPECT_EQ(trimmed("Both"), "x y");
  EXPECT_EQ(trimmed("Left"), "x y\t\xe3\x80\x80");
  EXPECT_EQ(trimmed("Right"), "\x1c \xc2\xa0\nx y");
  EXPECT_EQ(text_of("StringTrim", {{"string", literal(" \n ")}}), "");
}

TEST(Strings, ReplaceAlsoBetweenAllCharacters) {
  const auto replaced = [](const std::string& text, const char* find, const std::string& with) {
    return text_of("StringReplace", {{"string", literal(text)}, {"find", literal(find)}, {"replace", literal(with)}});
  };
  EXPECT_EQ(replaced("aaa", "aa", "b"), "ba");
  EXPECT_EQ(replaced("aé", "", "-"), "-a-é-");
  EXPECT_EQ(replaced("abc", "x", "y"), "abc");
  EXPECT_THAT([&] { replaced(std::string(10'000, 'a'), "", std::string(10'000, 'b')); },
              ThrowsMessage<std::runtime_error>(HasSubstr("bytes long; at most 16777216 are allowed")));
}

TEST(Strings, ContainAndCompare) {
  const auto contains = [](const char* text, const char* part, bool exact) {
    return run_node("StringContains", {{"string", literal(text)}, {"substring", literal(part)}, {"case_sensitive", literal(exact)}})
        .get<bool>();
  };
  EXPECT_FALSE(contains("A FOX", "fox", true));
  EXPECT_TRUE(contains("A FOX", "fox", false));
  const auto compared = [](const char* mode, const char* b, bool exact) {
    return run_node("StringCompare", {{"string_a", literal("Red Fox")}, {"string_b", literal(b)}, {"mode", literal(mode)},
                                      {"case_sensitive", literal(exact)}}).get<bool>();
  };
  EXPECT_TRUE(compared("Starts With", "Red", true));
  EXPECT_FALSE(compared("Starts With", "red", true));
  EXPECT_TRUE(compared("Ends With", "FOX", false));
  EXPECT_TRUE(compared("Equal", "red fox", false));
  EXPECT_FALSE(compared("Equal", "red", false));
}

std::string extracted(const char* text, const char* pattern, const char* mode, int group = 1) {
  return text_of("RegexExtract", {{"string", literal(text)}, {"regex_pattern", literal(pattern)}, {"mode", literal(mode)},
                                  {"group_index", literal(group)}});
}

TEST(Regexes, ExtractMatchesAndGroups) {
  EXPECT_EQ(extracted("seed: 12, seed: 34", R"(SEED: (\d+))", "First Match"), "seed: 12");
  EXPECT_EQ(extracted("seed: 12, seed: 34", R"(seed: \d+)", "All Matches"), "seed: 12\nseed: 34");
  EXPECT_EQ(extracted("seed: 12, seed: 34", R"((s)eed: (\d+))", "All Matches"), "s\ns");
  EXPECT_EQ(extracted("seed: 12, seed: 34", R"((s)eed: (\d+))", "First Group", 2), "12");
  EXPECT_EQ(extracted("seed: 12, seed: 34", R"((s)eed: (\d+))", "All Groups", 2), "12\n34");
  EXPECT_EQ(extracted("seed: 12", R"(seed: \d+)", "First Group"), "");
  EXPECT_EQ(extracted("seed: 12", R"(seed: \d+)", "All Groups", 0), "");
  EXPECT_EQ(extracted("ab", R"(a(x)?b)", "First Group"), "");
  EXPECT_EQ(extracted("nothing", R"(\d)", "All Matches"), "");
}

std::string substituted(const std::string& text, const std::string& pattern, const std::string& with, int count = 0) {
  return text_of("RegexReplace", {{"string", literal(text)}, {"regex_pattern", literal(pattern)}, {"replace", literal(with)},
                                  {"count", literal(count)}});
}

TEST(Regexes, ReplaceWithGroups) {
  EXPECT_EQ(substituted("red fox", R"((\w+) (?P<animal_name>\w+))", R"(\g<animal_name> \1\n\\)"), "fox red\n\\");
  EXPECT_EQ(substituted("aaa", "a", "b", 2), "bba");
  EXPECT_EQ(substituted("abxd", "x*", "-"), "-a-b--d-");
  EXPECT_EQ(substituted("ab", "a(x)?", R"([\1\g<0>])"), "[a]b");
  EXPECT_THAT([] { substituted("a", "a", R"(\2)"); }, ThrowsMessage<std::runtime_error>(HasSubstr("names group 2, but the pattern has 0")));
  EXPECT_THAT([] { substituted("a", "a", R"(\g<x>)"); }, ThrowsMessage<std::runtime_error>(HasSubstr("names a group \"x\"")));
  EXPECT_THAT([] { substituted("a", "a", R"(\q)"); }, ThrowsMessage<std::runtime_error>(HasSubstr("which means nothing")));
  EXPECT_THAT([] { substituted(std::string(20'000, 'a'), "a", std::string(2'000, 'b')); },
              ThrowsMessage<std::runtime_error>(HasSubstr("bytes long")));
}

TEST(Regexes, LinesAndDotsFollowTheirSwitches) {
  const auto matches = [](const char* text, const char* pattern, bool multiline, bool dotall, bool ignore_case = true) {
    return run_node("RegexMatch", {{"string", literal(text)}, {"regex_pattern", literal(pattern)}, {"multiline", literal(multiline)},
                                   {"dotall", literal(dotall)}, {"case_insensitive", literal(ignore_case)}}).get<bool>();
  };
  EXPECT_FALSE(matches("a\nb", "^b", false, false));
  EXPECT_TRUE(matches("a\nb", "^b", true, false));
  EXPECT_FALSE(matches("a\nb", "a.b", false, false));
  EXPECT_TRUE(matches("a\nb", "a.b", false, true));
  EXPECT_TRUE(matches("a\rb", "a.b", false, false));  // only "\n" ends a line
  EXPECT_TRUE(matches("A", "a", false, false));
  EXPECT_FALSE(matches("A", "a", false, false, false));
  EXPECT_TRUE(matches("a\n", "a$", false, false));
  EXPECT_FALSE(matches("a\n", R"(a\Z)", false, false));
}

TEST(Regexes, PatternsThatRunForEverAreStopped) {
  const std::string many(40, 'a');
  EXPECT_THAT([&] { extracted((many + "!").c_str(), "^(a+)+$", "First Match"); },
              ThrowsMessage<std::runtime_error>(HasSubstr("takes too long")));
  EXPECT_THAT([&] { extracted("x", std::string(20'000, 'a').c_str(), "First Match"); },
              ThrowsMessage<std::runtime_error>(HasSubstr("has 20000 bytes; at most 10000")));
  EXPECT_THAT([&] { extracted("x", "(a", "First Match"); }, ThrowsMessage<std::runtime_error>(HasSubstr("\"(a\" is wrong")));
}

}  // namespace
}  // namespace heddle
