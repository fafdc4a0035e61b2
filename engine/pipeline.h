// Pipelines: a saved graph with typed inputs and outputs. The file format is "pipeline/1":
// {"heddle": "pipeline/1", "title", "help",
//  "inputs": {NAME: {"type", "default", "min", "max", "optional", "help", "to": ["STEP.SOCKET", ...]}},
//  "outputs": {NAME: ["STEP", slot]}, "graph": {...}}
// An input of type LORA names steps instead of sockets ("to": ["10"]): "NAME:STRENGTH" fills their lora_name and
// strengths; not given, the steps are passed by.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/graph.h"
#include "engine/json.h"
#include "engine/problem.h"
#include "engine/registry.h"

namespace heddle {

struct PipelineInput {
  std::string name, type, help;
  Json default_value, min, max;
  bool optional = false;
  std::vector<std::string> to;
};

struct PipelineOutput {
  std::string name, step;
  int slot = 0;
};

struct Pipeline {
  std::string title, help;
  std::vector<PipelineInput> inputs;
  std::vector<PipelineOutput> outputs;
  Graph graph;
};

bool is_pipeline(const Json& document);

/// What cannot be read is added to `problems` (unknown steps in "to", an input of unknown type...).
Pipeline parse_pipeline(const Json& document, Problems& problems);

/// The pipeline's graph with its inputs filled in. `values` are JSON values or texts from a command line; a missing one
/// takes its default, is passed by where optional, or is a problem.
Graph fill_pipeline(const Pipeline& pipeline, const std::map<std::string, Json>& values, const Registry& registry,
                    Problems& problems);

/// Replaces the steps whose node is `Pipeline/NAME` by the steps of that pipeline, with ids STEP:INNER, also in levels.
/// `find` gives the document of a pipeline of that name, or nothing.
using FindPipeline = std::function<std::optional<Json>(const std::string& name)>;
Graph expand_pipelines(Graph graph, const FindPipeline& find, const Registry& registry, Problems& problems);

}  // namespace heddle
