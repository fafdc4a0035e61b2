// Checks a graph against the nodes: every problem at once, before anything runs.
#pragma once

#include <string>
#include <vector>

#include "engine/declaration.h"
#include "engine/folders.h"
#include "engine/graph.h"
#include "engine/problem.h"
#include "engine/registry.h"

namespace heddle {

/// An input that has something in it: a literal, cast to the type of the socket, or a link by index.
struct BoundInput {
  int spec = 0;    // index into the declaration's inputs
  int step = -1;   // index of the step linked to; -1: a literal
  int slot = 0;
  Json literal = nullptr;

  bool is_link() const { return step >= 0; }
};

struct CheckedStep {
  const NodeDeclaration* node = nullptr;  // null where the node is unknown
  std::vector<BoundInput> inputs;         // in the order of the declaration
};

struct CheckedGraph {
  std::vector<CheckedStep> steps;  // as in the graph
  std::vector<int> order;          // all steps, each after those that feed it
  std::vector<int> outputs;        // steps worth running for their own sake
  Problems problems;               // nothing may run while there is one
  Problems warnings;
};

struct CheckOptions {
  /// Ids of the steps wanted; empty: every output node.
  std::vector<std::string> targets = {};
};

/// Pure but for listing folders. Problems in steps that no wanted output needs are only warnings.
CheckedGraph check_graph(const Graph& graph, const Registry& registry, const Folders& folders,
                         const CheckOptions& options = {});

/// Problems "unknown_node" about nodes that are known to be missing become "missing_node" and say what the node is about.
void name_missing_nodes(Problems& problems, const Registry& registry);

/// Whether an output of type `from` may feed an input of type `to`: equal, a common member of comma-separated unions,
/// or "*" on one side.
bool types_fit(std::string_view from, std::string_view to);

}  // namespace heddle
