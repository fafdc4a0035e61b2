// Why a step runs: the plan set against the last run of the same graph.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/content_keys.h"
#include "engine/graph.h"
#include "engine/plan.h"

namespace heddle {

/// What a run leaves behind for the next explanation, as JSON:
/// {"numerics": ..., "steps": {id: {"node", "key", "inputs": {name: literal | ["id", slot] | {"file", "sha256"}}}}}
Json describe_run(const Graph& graph, const CheckedGraph& checked, const ContentKeys& keys, const std::string& numerics);

struct Explanation {
  Action action = Action::kSkip;
  Tier tier = Tier::kNone;
  std::string reason;  // "steps 20 -> 30", "model comes from step 10, which changed"...
};

/// One a step. `now` describes the graph at hand; `before` the last run, or null if there was none. `readers` tells which
/// types of values the disk keeps.
std::vector<Explanation> explain(const Graph& graph, const CheckedGraph& checked, const Plan& plan, const Json& now,
                                 const Json& before, const ValueReaders& readers);

}  // namespace heddle
