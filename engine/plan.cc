#include "engine/plan.h"

#include <algorithm>
#include <unordered_map>

namespace heddle {
namespace {

// Steps of equal key give the same, so all but the first in order only share it. Effects are never shared: a graph that
// saves twice means to save twice.
void find_equal_steps(const CheckedGraph& checked, Plan& plan) {
  std::unordered_map<Key, int> first;
  first.reserve(checked.order.size());
  for (const int i : checked.order) {
    const CheckedStep& step = checked.steps[size_t(i)];
    if (!step.node || step.node->info.is_output) continue;
    const auto [found, is_new] = first.emplace(plan.steps[size_t(i)].key, i);
    if (!is_new) plan.steps[size_t(i)].same_as = found->second;
  }
}

// An output step that nothing else can read from: all it gives is in the ledger.
bool shows_only(const CheckedStep& step) { return step.node->info.is_output && step.node->outputs.empty(); }

}  // namespace

Plan make_plan(const CheckedGraph& checked, const std::vector<Key>& keys, Cache* cache, OutputLedger* ledger) {
  Plan plan;
  plan.steps.resize(checked.steps.size());
  for (size_t i = 0; i < keys.size(); ++i) plan.steps[i].key = keys[i];
  find_equal_steps(checked, plan);

  std::vector<char> wanted(checked.steps.size(), 0);
  for (const int i : checked.outputs) wanted[size_t(shared_step(plan, i))] = 1;
  for (auto it = checked.order.rbegin(); it != checked.order.rend(); ++it) {
    const CheckedStep& step = checked.steps[size_t(*it)];
    PlannedStep& planned = plan.steps[size_t(*it)];
    if (!wanted[size_t(*it)]) continue;
    plan.order.push_back(*it);
    if (cache && !step.node->info.is_output) planned.tier = cache->find(planned.key);
    if (ledger && shows_only(step)) planned.saved = ledger->find(planned.key);
    planned.action = planned.tier == Tier::kNone && !planned.saved ? Action::kRun : Action::kCached;
    if (planned.action == Action::kCached) continue;
    for (const BoundInput& input : step.inputs) {
      if (input.is_link()) wanted[size_t(shared_step(plan, input.step))] = 1;
    }
  }
  std::reverse(plan.order.begin(), plan.order.end());
  return plan;
}

}  // namespace heddle
