// Graphs as read: steps and what feeds them. Nothing is checked against the nodes yet.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/json.h"
#include "engine/problem.h"

namespace heddle {

/// One input of a step: a link, or a literal.
struct Input {
  std::string name;
  std::string from;   // id of the step linked to; "" for a literal
  int64_t slot = 0;   // output of that step
  Json literal;

  bool is_link() const { return !from.empty(); }
};

/// One instance of a node.
struct Step {
  std::string id;
  std::string node;
  std::string title;  // _meta.title, or ""
  std::vector<Input> inputs;
};

struct Graph {
  std::vector<Step> steps;

  /// Index of the step with that id, or -1. A linear scan.
  int find(std::string_view id) const;
};

/// Reads ComfyUI's API format: {"3": {"class_type": "KSampler", "inputs": {"seed": 1, "model": ["4", 0]}}}.
/// What cannot be read is added to `problems` and left out.
Graph parse_graph(const Json& document, Problems& problems);

/// The same graph in API format; `_meta` only where a step has a title.
Json to_json(const Graph& graph);

}  // namespace heddle
