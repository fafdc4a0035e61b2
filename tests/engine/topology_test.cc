#include "engine/topology.h"

#include <gmock/gmock.h>

namespace heddle {
namespace {

TEST(Topology, FeedersComeFirst) {
  const auto order = std::get<Order>(topological_order(4, {{2, 1}, {1, 0}, {3, 0}}));
  std::vector<int> position(4);
  for (int at = 0; at < 4; ++at) position[size_t(order.steps[size_t(at)])] = at;
  EXPECT_LT(position[2], position[1]);
  EXPECT_LT(position[1], position[0]);
  EXPECT_LT(position[3], position[0]);
}

TEST(Topology, TheOrderOfTheGraphIsKeptWhereLinksLeaveAChoice) {
  EXPECT_THAT(std::get<Order>(topological_order(4, {{3, 1}})).steps, ::testing::ElementsAre(0, 3, 1, 2));
}

TEST(Topology, ACycleIsGivenInTheOrderOfItsLinks) {
  const auto cycle = std::get<Cycle>(topological_order(4, {{0, 1}, {1, 2}, {2, 3}, {3, 1}}));
  EXPECT_THAT(cycle.steps, ::testing::ElementsAre(1, 2, 3));
}

TEST(Topology, AStepThatFeedsItselfIsACycle) {
  EXPECT_THAT(std::get<Cycle>(topological_order(1, {{0, 0}})).steps, ::testing::ElementsAre(0));
}

TEST(Topology, AChainOfAMillionNeedsNoStack) {
  constexpr int kSteps = 1'000'000;
  std::vector<std::pair<int, int>> links;
  for (int i = 1; i < kSteps; ++i) links.emplace_back(i, i - 1);
  const auto order = std::get<Order>(topological_order(kSteps, links));
  EXPECT_EQ(order.steps.front(), kSteps - 1);
  EXPECT_EQ(order.steps.back(), 0);
}

}  // namespace
}  // namespace heddle
