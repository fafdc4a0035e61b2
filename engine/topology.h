// The order in which steps may run.
#pragma once

#include <utility>
#include <variant>
#include <vector>

namespace heddle {

/// Steps by index, each after all that feed it.
struct Order {
  std::vector<int> steps;
};
/// Steps by index, each feeding the next and the last feeding the first.
struct Cycle {
  std::vector<int> steps;
};

/// `links`: (from, to). Where links leave a choice, the lower index comes first. No recursion. REQUIRES: indices within 0..steps-1.
std::variant<Order, Cycle> topological_order(int steps, const std::vector<std::pair<int, int>>& links);

}  // namespace heddle
