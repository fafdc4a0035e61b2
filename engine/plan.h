// What to do: which steps run, which results come from the cache, and in what order.
#pragma once

#include <optional>
#include <vector>

#include "engine/cache.h"
#include "engine/check.h"
#include "engine/key.h"
#include "engine/saved_output.h"

namespace heddle {

enum class Action {
  kSkip,    // no wanted output needs it
  kCached,  // its result is in the cache
  kRun,
};

struct PlannedStep {
  Action action = Action::kSkip;
  Tier tier = Tier::kNone;  // where a cached result is
  Key key;
  std::optional<SavedOutput> saved;  // of a cached output step: what it made before
  int same_as = -1;         // an earlier step with the same key, whose result this one shares; -1: none
};

struct Plan {
  std::vector<PlannedStep> steps;  // as in the graph
  std::vector<int> order;          // the steps that are not skipped, each after those that feed it
};

/// Pure but for asking the cache what it has. `cache` may be null: everything needed runs. Steps with an effect outside
/// the graph always run, but for those that `ledger` (may be null) still has the files of; of equal steps one does, and the
/// others share what it gives.
Plan make_plan(const CheckedGraph& checked, const std::vector<Key>& keys, Cache* cache, OutputLedger* ledger = nullptr);

/// The step whose result `step` shares, or itself.
inline int shared_step(const Plan& plan, int step) {
  const int same_as = plan.steps[size_t(step)].same_as;
  return same_as < 0 ? step : same_as;
}

}  // namespace heddle
