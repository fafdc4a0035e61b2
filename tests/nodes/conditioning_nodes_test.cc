// Conditioning joined, blended and limited (see also the golden pipelines cond_*).
#include <gmock/gmock.h>

#include "tests/nodes/run_node.h"

namespace heddle {
namespace {

using diffusion::Conditioning;
using diffusion::ConditioningEntry;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using test::link;
using test::literal;
using test::run_node;

ConditioningEntry entry(float value, int64_t tokens, int64_t width = 2, bool pooled = true) {
  ConditioningEntry result;
  result.cross_attention = at::full({1, tokens, width}, value);
  if (pooled) result.pooled = at::full({1, width}, value);
  return result;
}

TEST(ConditioningNodes, CombineKeepsEveryEntry) {
  const auto result = run_node("ConditioningCombine", {{"conditioning_1", link(Conditioning{entry(1, 2), entry(2, 2)})},
                                                       {"conditioning_2", link(Conditioning{entry(3, 2)})}});
  const auto& all = result.get<Conditioning>();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[2].cross_attention.max().item<float>(), 3);
}

TEST(ConditioningNodes, ConcatAppendsTokensAndKeepsThePooledOutput) {
  const auto result = run_node("ConditioningConcat", {{"conditioning_to", link(Conditioning{entry(1, 2)})},
                                                      {"conditioning_from", link(Conditioning{entry(3, 4), entry(9, 1)})}});
  const ConditioningEntry& joined = result.get<Conditioning>().at(0);
  EXPECT_EQ(joined.cross_attention.size(1), 6);
  EXPECT_EQ(joined.cross_attention.sum().item<float>(), 2 * 2 * 1 + 4 * 2 * 3);
  EXPECT_EQ(joined.pooled.max().item<float>(), 1);
  EXPECT_THAT(result.warnings, HasSubstr("holds 2 prompts; only the first is used"));
}

TEST(ConditioningNodes, AverageFillsShorterTextsWithZerosAndTakesAPooledOutputThatIsMissing) {
  const auto result = run_node("ConditioningAverage", {{"conditioning_to", link(Conditioning{entry(1, 3, 2, false)})},
                                                       {"conditioning_from", link(Conditioning{entry(3, 2)})},
                                                       {"conditioning_to_strength", literal(0.25)}});
  const ConditioningEntry& blended = result.get<Conditioning>().at(0);
  EXPECT_EQ(blended.cross_attention[0][1][0].item<float>(), 2.5f);
  EXPECT_EQ(blended.cross_attention[0][2][0].item<float>(), 0.25f);
  EXPECT_EQ(blended.pooled[0][0].item<float>(), 3);
}

TEST(ConditioningNodes, WidthsThatDifferAreAnError) {
  for (const char* node : {"ConditioningConcat", "ConditioningAverage"}) {
    EXPECT_THAT(([&] {
                  run_node(node, {{"conditioning_to", link(Conditioning{entry(1, 2, 4)})},
                                  {"conditioning_from", link(Conditioning{entry(1, 2, 8)})}});
                }),
                ThrowsMessage<std::runtime_error>(HasSubstr("4 wide and conditioning_from 8")));
    EXPECT_THAT(([&] {
                  run_node(node, {{"conditioning_to", link(Conditioning{entry(1, 2)})},
                                  {"conditioning_from", link(Conditioning{})}});
                }),
                ThrowsMessage<std::runtime_error>(HasSubstr("conditioning_from is empty")));
  }
}

TEST(ConditioningNodes, ZeroOutSilencesBothOutputs) {
  const auto result = run_node("ConditioningZeroOut", {{"conditioning", link(Conditioning{entry(1, 3)})}});
  const ConditioningEntry& silent = result.get<Conditioning>().at(0);
  EXPECT_EQ(silent.cross_attention.abs().max().item<float>(), 0);
  EXPECT_EQ(silent.pooled.abs().max().item<float>(), 0);
}

TEST(ConditioningNodes, AreasAreInCellsOrSharesAndTheLastOneCounts) {
  const Conditioning prompt{entry(1, 3)};
  const auto area = run_node("ConditioningSetArea", {{"conditioning", link(prompt)},
                                                     {"width", literal(128)},
                                                     {"height", literal(64)},
                                                     {"x", literal(16)},
                                                     {"strength", literal(2.0)}});
  const ConditioningEntry& cells = area.get<Conditioning>().at(0);
  EXPECT_EQ(*cells.region.area, (diffusion::Area{8, 16, 0, 2}));
  EXPECT_EQ(cells.strength, 2.0);

  const auto share = run_node("ConditioningSetAreaPercentage",
                              {{"conditioning", area.values[0]}, {"width", literal(0.5)}, {"y", literal(0.25)}});
  const ConditioningEntry& shares = share.get<Conditioning>().at(0);
  EXPECT_FALSE(shares.region.area);
  EXPECT_EQ(shares.region.share->width, 0.5);
  EXPECT_EQ(shares.region.share->y, 0.25);
  EXPECT_EQ(shares.strength, 1.0);

  const auto strength =
      run_node("ConditioningSetAreaStrength", {{"conditioning", share.values[0]}, {"strength", literal(0.75)}});
  EXPECT_EQ(strength.get<Conditioning>().at(0).strength, 0.75);
  EXPECT_TRUE(strength.get<Conditioning>().at(0).region.share);
}

TEST(ConditioningNodes, MasksMayBoundTheArea) {
  const Conditioning prompt{entry(1, 3)};
  const auto masked = run_node("ConditioningSetMask", {{"conditioning", link(prompt)},
                                                       {"mask", test::mask(at::ones({1, 4, 4}))},
                                                       {"strength", literal(0.5)},
                                                       {"set_cond_area", literal("mask bounds")}});
  const diffusion::Region& region = masked.get<Conditioning>().at(0).region;
  EXPECT_EQ(region.mask.sizes(), (at::IntArrayRef{1, 4, 4}));
  EXPECT_EQ(region.mask_strength, 0.5);
  EXPECT_TRUE(region.area_is_mask_bounds);
  EXPECT_THAT(([&] {
                run_node("ConditioningSetMask", {{"conditioning", link(prompt)},
                                                 {"mask", test::mask(at::full({1, 4, 4}, NAN))}});
              }),
              ThrowsMessage<std::runtime_error>(HasSubstr("NaN")));
}

TEST(ConditioningNodes, TimestepRangesAreKept) {
  const auto result = run_node("ConditioningSetTimestepRange", {{"conditioning", link(Conditioning{entry(1, 3)})},
                                                                {"start", literal(0.5)},
                                                                {"end", literal(0.25)}});
  EXPECT_EQ(result.get<Conditioning>().at(0).start_percent, 0.5);
  EXPECT_EQ(result.get<Conditioning>().at(0).end_percent, 0.25);
  EXPECT_THAT(result.warnings, HasSubstr("counts nowhere"));
}

}  // namespace
}  // namespace heddle
