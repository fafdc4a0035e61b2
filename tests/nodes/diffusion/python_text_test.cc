#include "nodes/diffusion/python_text.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace heddle::diffusion {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(PythonFloat, ReadsWhatPythonReads) {
  const std::pair<const char*, double> numbers[] = {
      {"1", 1},
      {" 1.5\t\n", 1.5},
      {"+.5", .5},
      {"-2.", -2},
      {"1e-2", .01},
      {"1E+2", 100},
      {"1_0", 10},
      {"1.5_5", 1.55},
      {"1e1_0", 1e10},
      {"0.1", .1},
      {"1e-400", 0},
      {"1e400", kInfinity},
      {"-1e400", -kInfinity},
      {"inf", kInfinity},
      {"-Infinity", -kInfinity},
      {"iNF", kInfinity},
      {"\u0663.\u0664", 3.4},
      {"\uff13", 3},
      {"\u30001\u00a0", 1},
      {"\u00851", 1},
      {"1_000.0_1e0_1", 10000.1},
      {"1e99999999999999999999", kInfinity},
      {"4.9e-324", 4.9e-324},
  };
  for (const auto& [text, value] : numbers)
    EXPECT_THAT(python_float(text), Optional(value)) << text;
}

TEST(PythonFloat, ReadsNotANumberAsANumber) {
  for (const char* text : {"nan", "-NaN", " +nan "}) {
    ASSERT_TRUE(python_float(text)) << text;
    EXPECT_TRUE(std::isnan(*python_float(text))) << text;
  }
}

TEST(PythonFloat, RefusesWhatPythonRefuses) {
  for (const char* text : {"",
                           " ",
                           ".",
                           "+",
                           "1,5",
                           "0x2",
                           "--1",
                           "+ 5",
                           "1__0",
                           "_1",
                           "1_",
                           "1_.5",
                           "1._5",
                           "1e",
                           "1e+",
                           "e5",
                           "1e_5",
                           "1 2",
                           "infi",
                           "in_f",
                           "1d5",
                           "\u00bd",
                           "\u00b2",
                           "\u200b1",
                           "\x1c"
                           "1",
                           "1a",
                           "\xff"}) {
    EXPECT_FALSE(python_float(text)) << text;
  }
}

TEST(PythonFloat, ANumberEndsAtAZeroByte) {
  EXPECT_FALSE(python_float(std::string_view("1\0", 2)));
}

TEST(PythonWords, AreWhatStandsBetweenWhiteSpace) {
  EXPECT_THAT(python_words("  one two\n\u3000three\x1f"), ElementsAre("one", "two", "three"));
  EXPECT_THAT(python_words(" \n"), IsEmpty());
  EXPECT_THAT(python_words("zero\u200bwidth"), ElementsAre("zero\u200bwidth"));
}

}  // namespace
}  // namespace heddle::diffusion
