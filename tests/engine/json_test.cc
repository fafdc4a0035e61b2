#include "engine/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>

namespace heddle {
namespace {

std::string error_of(std::string_view text) {
  try {
    parse_json(text);
  } catch (const JsonError& error) {
    return error.what();
  }
  return "no error";
}

// Parsed and written again.
std::string again(std::string_view text) { return dump_python(parse_json(text)); }

TEST(ParseJson, KeepsTheOrderOfKeys) {
  EXPECT_EQ(again(R"({"b": [1, {"z": null}], "a": {"y": true, "x": false}, "3": "text"})"),
            R"({"b": [1, {"z": null}], "a": {"y": true, "x": false}, "3": "text"})");
}

TEST(ParseJson, ReadsScalarsAtTheRoot) {
  EXPECT_EQ(again(" 7 "), "7");
  EXPECT_EQ(again("\"x\""), "\"x\"");
  EXPECT_EQ(again("null"), "null");
  EXPECT_EQ(again("{}"), "{}");
  EXPECT_EQ(again("[]"), "[]");
}

TEST(ParseJson, SkipsAByteOrderMark) { EXPECT_EQ(again("\xEF\xBB\xBF[1]"), "[1]"); }

TEST(ParseJson, ReadsNaNAndInfinity) {
  const Json json = parse_json(
      R"({"a": NaN, "b": [Infinity, -Infinity, null, NaN], "c": "NaN \" Infinity", "d": 1})");
  EXPECT_TRUE(std::isnan(json["a"].get<double>()));
  EXPECT_EQ(json["b"][0], std::numeric_limits<double>::infinity());
  EXPECT_EQ(json["b"][1], -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(json["b"][2].is_null());
  EXPECT_TRUE(std::isnan(json["b"][3].get<double>()));
  EXPECT_EQ(json["c"], "NaN \" Infinity");
  EXPECT_EQ(json["d"], 1);
}

TEST(ParseJson, RefusesWhatOnlyLooksLikeNaNOrInfinity) {
  for (const char* text : {"nan", "NAN", "-NaN", "Inf", "+Infinity", "1NaN", "NaN1", "NaNNaN",
                           "- Infinity", "--Infinity", "1-Infinity", "Infinity1", "nullNaN",
                           "[NaN NaN]", "infinity", "tNaN", "Infinitynull", "{NaN: 1}"}) {
    EXPECT_NE(error_of(text), "no error") << text;
  }
}

TEST(ParseJson, KeepsWholeNumbersExact) {
  const char* text = "[18446744073709551615, -9223372036854775808, 9007199254740993, 0, -1]";
  EXPECT_EQ(again(text), text);
  EXPECT_TRUE(parse_json("1").is_number_integer());
  EXPECT_TRUE(parse_json("1.0").is_number_float());
}

TEST(ParseJson, TheLastOfEqualKeysCountsAtTheFirstOnesPlace) {
  EXPECT_EQ(again(R"({"a": 1, "b": 2, "a": {"c": 3}, "d": 4, "a": 5})"),
            R"({"a": 5, "b": 2, "d": 4})");
  std::string many = "{";
  for (int i = 0; i < 100; ++i)
    many += std::string("\"key number ").append(std::to_string(i % 50)) +
            std::string("\": ").append(std::to_string(i)) + ",";
  many.back() = '}';
  const Json json = parse_json(many);
  ASSERT_EQ(json.size(), 50u);
  EXPECT_EQ(json.begin().key(), "key number 0");
  EXPECT_EQ(json["key number 0"], 50);
  EXPECT_EQ(json["key number 49"], 99);
}

TEST(ParseJson, ReadsAHundredThousandKeysAndItems) {
  std::string text = "{";
  for (int i = 0; i < 100'000; ++i) text.append("\"").append(std::to_string(i)).append("\": [{}],");
  text.back() = '}';
  const Json json = parse_json(text);
  EXPECT_EQ(json.size(), 100'000u);
  EXPECT_EQ((--json.end()).key(), "99999");
}

TEST(ParseJson, NamesThePlaceAndWhatWasExpected) {
  EXPECT_EQ(error_of("{\"a\": 1,\n \"b\": [1, 2],\n \"c\": 3 \"seed\": 4}"),
            "line 3, column 9: expected ',' or '}', found \"seed\"");
  EXPECT_EQ(error_of("[1 2]"), "line 1, column 4: expected ',' or ']', found 2");
  EXPECT_EQ(error_of("[1,]"), "line 1, column 4: expected a value, found ]");
  EXPECT_EQ(error_of("[}"), "line 1, column 2: expected a value or ']', found }");
  EXPECT_EQ(error_of("{1: 2}"), "line 1, column 2: expected a key in quotes or '}', found 1");
  EXPECT_EQ(error_of("{\"a\": 1, }"), "line 1, column 10: expected a key in quotes, found }");
  EXPECT_EQ(error_of("{\"a\" 1}"), "line 1, column 6: expected ':', found 1");
  EXPECT_EQ(error_of("{\"a\": }"), "line 1, column 7: expected a value, found }");
  EXPECT_EQ(error_of("{} []"), "line 1, column 4: expected the end of the text, found [");
  EXPECT_EQ(error_of("[true, false, [null, 5] false]"),
            "line 1, column 25: expected ',' or ']', found false");
  EXPECT_EQ(error_of("{\"a\": \"b\\n,\" true}"),
            "line 1, column 14: expected ',' or '}', found true");
}

TEST(ParseJson, SaysThatTheTextEnds) {
  EXPECT_EQ(error_of(""), "line 1, column 1: expected a value, found the end of the text");
  EXPECT_EQ(error_of(" \n "), "line 2, column 2: expected a value, found the end of the text");
  EXPECT_EQ(error_of("{\"a\": [1"),
            "line 1, column 9: expected ',' or ']', found the end of the text");
  EXPECT_EQ(error_of("[\"abc"),
            "line 1, column 6: invalid string: missing closing quote, found the end of the text");
}

TEST(ParseJson, CountsColumnsInCharactersOfTheOriginalText) {
  EXPECT_EQ(error_of("[\"\xC3\xA4\xC3\xB6\" 1]"), "line 1, column 7: expected ',' or ']', found 1");
  EXPECT_EQ(error_of("[NaN, NaN, NaN 1]"), "line 1, column 16: expected ',' or ']', found 1");
  EXPECT_EQ(error_of("[-Infinity, NaN, Infinity x]"),
            "line 1, column 27: invalid literal, found x");
  EXPECT_EQ(error_of("[1 NaN]"), "line 1, column 4: expected ',' or ']', found NaN");
  EXPECT_EQ(error_of("[1 Infinity]"), "line 1, column 4: expected ',' or ']', found Infinity");
}

TEST(ParseJson, RefusesBytesThatAreNotUtf8) {
  EXPECT_EQ(error_of("[\"a\xFFq\"]"),
            "line 1, column 4: invalid string: ill-formed UTF-8 byte, found \\xffq");
  EXPECT_NE(error_of("\"\xC0\x80\""), "no error");
  EXPECT_NE(error_of("\"\xED\xA0\x80\""), "no error");
  EXPECT_NE(error_of("\"\\ud800\""), "no error");
}

TEST(ParseJson, RefusesNulBytes) {
  using namespace std::string_view_literals;
  EXPECT_EQ(error_of("{}\0{}"sv),
            "line 1, column 3: a NUL byte stands here; is this a text file in UTF-8?");
  EXPECT_NE(error_of("\"a\0b\""sv), "no error");
}

TEST(ParseJson, RefusesNumbersThatNoDoubleHolds) {
  EXPECT_EQ(error_of("[1e999]"), "line 1, column 2: the number 1e999 is too large");
}

TEST(ParseJson, BoundsTheDepth) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(error_of(nested(kMaxJsonDepth)), "no error");
  EXPECT_EQ(error_of(nested(kMaxJsonDepth + 1)),
            "line 1, column 201: lists and objects may be nested 200 deep, not deeper");
  EXPECT_EQ(error_of("\"" + std::string(1000, '[') + "\""), "no error");
  std::string objects;
  for (int i = 0; i < 1'000'000; ++i) objects += "{\"a\":";
  EXPECT_NE(error_of(objects).find("nested"), std::string::npos);
  EXPECT_EQ(error_of("]]]]]"), "line 1, column 1: expected a value, found ]");
}

TEST(ParseJson, BoundsTheSize) {
  const auto text = std::make_unique_for_overwrite<char[]>(kMaxJsonBytes + 1);
  text[0] = text[1] = text[2] = '[';  // the rest is never looked at
  EXPECT_EQ(error_of({text.get(), kMaxJsonBytes + 1}),
            "the text has 268435457 bytes, at most 268435456 are read");
}

TEST(DumpPython, WritesFloatsAsRepr) {
  EXPECT_EQ(dump_python(Json{1.0, 0.1, 1e-5, 0.0001, 1e16, 123456789012345680.0, 9999999999999998.0,
                             -0.0, 1.5e300, 1.0 / 3}),
            "[1.0, 0.1, 1e-05, 0.0001, 1e+16, 1.2345678901234568e+17, 9999999999999998.0, -0.0, "
            "1.5e+300, "
            "0.3333333333333333]");
  EXPECT_EQ(dump_python(parse_json("[NaN, Infinity, -Infinity]")), "[NaN, Infinity, -Infinity]");
}

TEST(DumpPython, EscapesWhatIsNotAscii) {
  EXPECT_EQ(dump_python(Json("\"\\/\n\r\t\f\b\x01\x7F\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80")),
            R"("\"\\/\n\r\t\f\b\u0001\u007f\u00e4\u20ac\ud83d\ude00")");
  EXPECT_EQ(dump_python(Json{{"\xC3\xA4", 1}}), R"({"\u00e4": 1})");
}

TEST(DumpPython, RefusesWhatJsonCannotSay) {
  EXPECT_THROW(dump_python(Json("\xFF")), JsonError);
  EXPECT_THROW(dump_python(Json("\xE2\x82")), JsonError);
  EXPECT_THROW(dump_python(Json::binary({1, 2})), JsonError);
}

TEST(DumpPython, WritesDocumentsOfAnyDepth) {
  Json json = 1;
  for (int i = 0; i < 100'000; ++i) {
    Json::array_t around;
    around.push_back(std::move(json));
    json = std::move(around);
  }
  EXPECT_EQ(dump_python(json).size(), 200'001u);
}

}  // namespace
}  // namespace heddle
