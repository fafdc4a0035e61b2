#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/cli/options.h"
#include "engine/cli/pretty_json.h"
#include "engine/cli/values.h"

namespace heddle::cli {
namespace {

InputSpec spec_of(const std::string& type, bool has_json_form = true) {
  InputSpec spec;
  spec.type = type;
  spec.has_json_form = has_json_form;
  return spec;
}

std::string values(const InputSpec& spec, const std::string& text) {
  const auto is_choice = [](const std::string& choice) { return choice == "a,b.safetensors"; };
  return dump_python(Json(parse_values(spec, text, is_choice)));
}

TEST(Size, PowersOf1024) {
  EXPECT_EQ(parse_size("--x", "4096").bytes, 4096u);
  EXPECT_EQ(parse_size("--x", "500M").bytes, uint64_t{500} << 20);
  EXPECT_EQ(parse_size("--x", "4g").bytes, uint64_t{4} << 30);
  EXPECT_EQ(parse_size("--x", "1.5 GiB").bytes, uint64_t{3} << 29);
  EXPECT_EQ(parse_size("--x", "2TB").bytes, uint64_t{2} << 40);
  EXPECT_EQ(parse_size("--x", "0").bytes, 0u);
}

TEST(Size, AnythingElseIsRefused) {
  for (const char* text : {"", "x", "-1", "4Q", "4GG", "nan", "inf", "99999999T", "i", "1ib2"}) {
    EXPECT_THROW(parse_size("--x", text), UsageError) << text;
  }
}

TEST(Size, IsShownInTheLargestUnit) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(1023), "1023 B");
  EXPECT_EQ(size_text(1536), "1.5 KiB");
  EXPECT_EQ(size_text(uint64_t{3} << 40), "3.0 TiB");
}

TEST(Values, NumbersTakeListsAndRanges) {
  EXPECT_EQ(values(spec_of("INT"), "7"), "[7]");
  EXPECT_EQ(values(spec_of("INT"), "1..3,9"), "[1, 2, 3, 9]");
  EXPECT_EQ(values(spec_of("INT"), "2..-1"), "[2, 1, 0, -1]");
  EXPECT_EQ(values(spec_of("INT"), "18446744073709551614..18446744073709551615"),
            "[18446744073709551614, 18446744073709551615]");
  EXPECT_EQ(values(spec_of("FLOAT"), "0.5,.75,4"), "[0.5, \".75\", 4]");
  EXPECT_EQ(values(spec_of("FLOAT"), "[1, 2.5]"), "[1, 2.5]");
}

TEST(Values, TextsAreTakenAsTheyStand) {
  EXPECT_EQ(values(spec_of("STRING"), "a, b 1..3"), "[\"a, b 1..3\"]");
  EXPECT_EQ(values(spec_of("STRING"), "true"), "[\"true\"]");
  EXPECT_EQ(values(spec_of("STRING"), "\"a\\nb\""), "[\"a\\nb\"]");
  EXPECT_EQ(values(spec_of("STRING"), "[\"a\", \"b\"]"), "[\"a\", \"b\"]");
  EXPECT_EQ(values(spec_of("STRING"), "[a]"), "[\"[a]\"]");
  EXPECT_EQ(values(spec_of("STRING"), ""), "[\"\"]");
}

TEST(Values, AChoiceWithACommaInItIsOne) {
  EXPECT_EQ(values(spec_of("COMBO"), "euler,ddim"), "[\"euler\", \"ddim\"]");
  EXPECT_EQ(values(spec_of("COMBO"), "a,b.safetensors"), "[\"a,b.safetensors\"]");
  EXPECT_EQ(values(spec_of("COMBO"), "1..3"), "[\"1..3\"]");
}

TEST(Values, SwitchesAreTrueOrFalse) {
  EXPECT_EQ(values(spec_of("BOOLEAN"), "true,0"), "[true, false]");
  EXPECT_THROW(values(spec_of("BOOLEAN"), "off"), std::invalid_argument);
}

TEST(Values, ALinkGoesToASocketThatTakesNothingElse) {
  EXPECT_EQ(values(spec_of("MODEL", false), "[\"4\", 0]"), "[[\"4\", 0]]");
}

TEST(PrettyJson, IndentsAndKeepsPlainListsOnALine) {
  EXPECT_EQ(
      pretty_json(parse_json(R"({"a": {"b": ["4", 0], "c": []}, "d": [{"e": 1}, 2], "f": {}})")),
      "{\n  \"a\": {\n    \"b\": [\"4\", 0],\n    \"c\": []\n  },\n  \"d\": [\n    {\n      \"e\": "
      "1\n    },\n"
      "    2\n  ],\n  \"f\": {}\n}\n");
}

TEST(PrettyJson, ReadsBackAsItWas) {
  const Json json = parse_json(R"({"a": [1.5, NaN, -Infinity, "ü\n"], "b": {"c": {"d": null}}})");
  EXPECT_EQ(dump_python(parse_json(pretty_json(json))), dump_python(json));
}

}  // namespace
}  // namespace heddle::cli
