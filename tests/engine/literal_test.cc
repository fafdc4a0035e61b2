#include "engine/literal.h"

#include <gmock/gmock.h>

#include <limits>

namespace heddle {
namespace {

TEST(Literal, CastsAsComfyUIDoes) {
  EXPECT_EQ(cast_literal("12", "INT"), Json(12));
  EXPECT_EQ(cast_literal(" 12 ", "INT"), Json(12));
  EXPECT_EQ(cast_literal(3.7, "INT"), Json(3));
  EXPECT_EQ(cast_literal(-3.7, "INT"), Json(-3));
  EXPECT_EQ(cast_literal("3.7", "INT"), std::nullopt);
  EXPECT_EQ(cast_literal(true, "INT"), Json(1));
  EXPECT_EQ(cast_literal("1e3", "FLOAT"), Json(1000.0));
  EXPECT_EQ(cast_literal(2, "FLOAT"), Json(2.0));
  EXPECT_EQ(cast_literal("x", "FLOAT"), std::nullopt);
  EXPECT_EQ(cast_literal(5, "STRING"), Json("5"));
  EXPECT_EQ(cast_literal("false", "BOOLEAN"), Json(true));
  EXPECT_EQ(cast_literal("", "BOOLEAN"), Json(false));
  EXPECT_EQ(cast_literal(0, "BOOLEAN"), Json(false));
  EXPECT_EQ(cast_literal(nullptr, "INT"), std::nullopt);
  EXPECT_EQ(cast_literal(Json::array({1}), "INT"), std::nullopt);
}

TEST(Literal, SeedsOf64BitsStayExact) {
  const uint64_t largest = std::numeric_limits<uint64_t>::max();
  EXPECT_EQ(cast_literal("18446744073709551615", "INT"), Json(largest));
  InputSpec spec;
  spec.min = 0;
  spec.max = largest;
  EXPECT_EQ(range_problem(largest, spec), std::nullopt);
  EXPECT_EQ(range_problem(3, spec), std::nullopt);
  EXPECT_EQ(range_problem(-1, spec), "-1 is outside 0..18446744073709551615");
}

TEST(Literal, NotANumberIsOutsideEveryRange) {
  InputSpec spec;
  spec.min = 0.0;
  EXPECT_NE(range_problem(std::numeric_limits<double>::quiet_NaN(), spec), std::nullopt);
}

}  // namespace
}  // namespace heddle
