#include "nodes/diffusion/porter_duff.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <map>
#include <string>

namespace heddle::diffusion {
namespace {

Layer layer(float colour, float opacity) {
  return {at::full({1, 1, 1, 3}, colour), at::full({1, 1, 1, 1}, opacity)};
}

TEST(PorterDuff, FollowsTheDefinitionOfEachMode) {
  // s = 0.4 at opacity 0.5, d = 0.8 at opacity 0.25: multiplied 0.2 and 0.2.
  struct Expected {
    double opacity, multiplied;
  };
  const std::map<std::string, Expected> expected{
      {"ADD", {0.75, 0.4}},        {"CLEAR", {0, 0}},           {"DARKEN", {0.625, 0.45}},
      {"DST", {0.25, 0.2}},        {"DST_ATOP", {0.5, 0.25}},   {"DST_IN", {0.125, 0.1}},
      {"DST_OUT", {0.125, 0.1}},   {"DST_OVER", {0.625, 0.35}}, {"LIGHTEN", {0.625, 0.45}},
      {"MULTIPLY", {0.125, 0.04}}, {"OVERLAY", {0.625, 0.095}}, {"SCREEN", {0.625, 0.36}},
      {"SRC", {0.5, 0.2}},         {"SRC_ATOP", {0.25, 0.15}},  {"SRC_IN", {0.125, 0.05}},
      {"SRC_OUT", {0.375, 0.15}},  {"SRC_OVER", {0.625, 0.3}},  {"XOR", {0.5, 0.25}},
  };
  ASSERT_EQ(porter_duff_modes().size(), expected.size());
  for (const std::string& mode : porter_duff_modes()) {
    const Layer result = porter_duff(layer(0.4f, 0.5f), layer(0.8f, 0.25f), mode);
    const Expected& wanted = expected.at(mode);
    EXPECT_NEAR(result.opacity.item<float>(), wanted.opacity, 1e-6) << mode;
    const double colour = wanted.opacity > 0 ? wanted.multiplied / wanted.opacity : 0;
    EXPECT_NEAR(result.colours.max().item<float>(), std::min(colour, 1.0), 1e-6) << mode;
  }
}

TEST(PorterDuff, OtherModesAreRefused) {
  EXPECT_THROW(porter_duff(layer(1, 1), layer(1, 1), "UNDER"), std::invalid_argument);
}

}  // namespace
}  // namespace heddle::diffusion
