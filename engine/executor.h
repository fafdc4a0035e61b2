// Carries out a plan. Steps of the device lane run one after the other on the calling thread; steps of the pool lane
// (files, encoding) run beside them on a few threads. A value that no remaining step needs is let go at once. What has
// finished stays in the cache, whatever happens after it.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/cache.h"
#include "engine/check.h"
#include "engine/graph.h"
#include "engine/observer.h"
#include "engine/plan.h"
#include "engine/run_context.h"

namespace heddle {

/// A step failed: which, and in its own words why.
struct StepError : std::runtime_error {
  StepError(StepRef step, const std::string& message);
  StepRef step;
  std::string message;
};

/// What a plan runs with. Everything outlives the run.
struct Session {
  const Folders& folders;
  std::function<Origin()> origin;  // asked for when a step that saves runs
  Cache* cache = nullptr;          // null: nothing is kept
  Observer* observer = nullptr;    // null: nobody watches
  const CancelFlag* cancel = nullptr;
  OutputLedger* ledger = nullptr;  // null: steps that save always do
  bool verify_cache = false;       // compute cached results again and compare the bytes
};

struct RunResult {
  Json outputs = Json::object();   // step id -> what it shows
  Json notes = Json::object();     // step id -> facts
  std::vector<Values> values;      // by index; filled for the wanted outputs only
  int ran = 0, cached = 0;
};

/// Plans and runs. Plans again should a cached result be gone by the time it is needed.
/// Throws StepError, or Cancelled. REQUIRES: checked.problems is empty.
RunResult run_graph(const Graph& graph, const CheckedGraph& checked, const std::vector<Key>& keys,
                    const Session& session);

}  // namespace heddle
