// A graph and what the flags make of it: found, read, and combined. What run, check, explain and
// convert share.
#pragma once

#include <optional>

#include "engine/check.h"
#include "engine/cli/place.h"
#include "engine/cli/source.h"
#include "engine/cli/sweep.h"

namespace heddle::cli {

/// Not to be moved: the sweep refers to its neighbours.
struct Task {
  Task(const Options& options, const Program& program);
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  Place place;
  Source source;
  Problems problems, warnings;  // so far
  std::optional<Sweep> sweep;   // nothing if there is no graph or the flags do not fit it
};

/// Checks every combination and adds what is found to the task.
void check_combinations(Task& task, const Registry& registry);

/// The graph of the only combination; problems are added to the task. Throws UsageError if flags
/// ask for several.
Graph only_graph(Task& task, const Verb& verb);

}  // namespace heddle::cli
