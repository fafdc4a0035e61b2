#include "engine/problem.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {

TEST(Problem, SaysStepNodeAndSocketAsFarAsTheyAreKnown) {
  Problem problem{"3", "KSampler", "steps", "out_of_range", "0 is outside 1..10000"};
  EXPECT_EQ(to_text(problem), "3 (KSampler).steps: 0 is outside 1..10000");
  problem.node = "";
  EXPECT_EQ(to_text(problem), "3.steps: 0 is outside 1..10000");
  problem.socket = "";
  EXPECT_EQ(to_text(problem), "3: 0 is outside 1..10000");
  problem.step = "";
  EXPECT_EQ(to_text(problem), "0 is outside 1..10000");
  problem.node = "KSampler";
  EXPECT_EQ(to_text(problem), "KSampler: 0 is outside 1..10000");
}

TEST(NearestName, FindsTypingMistakes) {
  const std::vector<std::string> nodes = {"KSampler", "KSamplerAdvanced", "VAEDecode", "VAEEncode",
                                          "CLIPTextEncode"};
  EXPECT_EQ(nearest_name("KSamler", nodes), "KSampler");
  EXPECT_EQ(nearest_name("KSmapler", nodes), "KSampler");
  EXPECT_EQ(nearest_name("ksampler", nodes), "KSampler");
  EXPECT_EQ(nearest_name("VaeDecoder", nodes), "VAEDecode");
  EXPECT_EQ(nearest_name("ClipTextEncoder", nodes), "CLIPTextEncode");
  EXPECT_EQ(nearest_name("cgf", {"steps", "cfg"}), "cfg");
}

TEST(NearestName, IsSilentWhenNothingIsNear) {
  EXPECT_EQ(nearest_name("Frobnicate", {"KSampler", "VAEDecode"}), "");
  EXPECT_EQ(nearest_name("a", {"b"}), "");
  EXPECT_EQ(nearest_name("", {"a", "bc"}), "");
  EXPECT_EQ(nearest_name("KSampler", {}), "");
  EXPECT_EQ(nearest_name(std::string(1'000'000, 'x'), {std::string(1'000'000, 'x')}), "");
}

TEST(NearestName, TakesTheNearestAndOfEqualsTheFirst) {
  EXPECT_EQ(nearest_name("image1", {"images_1", "image2", "image3"}), "image2");
  EXPECT_EQ(nearest_name("image1", {"image22", "image1"}), "image1");
}

TEST(DidYouMean, IsTheEndOfASentence) {
  EXPECT_EQ("unknown node \"KSamler\"" + did_you_mean("KSamler", {"KSampler"}),
            "unknown node \"KSamler\", did you mean \"KSampler\"?");
  EXPECT_EQ(did_you_mean("Frobnicate", {"KSampler"}), "");
}

}  // namespace
}  // namespace heddle
