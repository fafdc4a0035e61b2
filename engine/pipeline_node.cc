// A pipeline as a step of another graph: `Pipeline/NAME` is replaced by the pipeline's own steps before anything is
// checked, so its steps are cached one by one as everywhere.
#include <algorithm>
#include <unordered_map>

#include "engine/pipeline.h"

namespace heddle {
namespace {

constexpr std::string_view kPrefix = "Pipeline/";
constexpr int kDeepestPipeline = 32;  // levels of pipelines within pipelines

bool is_pipeline_step(const Step& step) { return step.node.starts_with(kPrefix); }

Problem step_problem(const Step& step, std::string kind, std::string message, std::string socket = "") {
  return {.step = step.id, .node = step.node, .socket = std::move(socket), .kind = std::move(kind),
          .message = std::move(message)};
}

// What the steps outside see of an expanded step: its outputs by position.
using Outputs = std::unordered_map<std::string, std::vector<PipelineOutput>>;

std::optional<Pipeline> find_pipeline(const Step& step, const FindPipeline& find, Problems& problems) {
  const std::string name = step.node.substr(kPrefix.size());
  const auto document = find(name);
  if (!document || !is_pipeline(*document)) {
    problems.push_back(step_problem(step, "unknown_node", "there is no pipeline \"" + name +
                                                              "\"; `heddle pipelines` lists them"));
    return std::nullopt;
  }
  return parse_pipeline(*document, problems);
}

// Links from outside go straight to the sockets that the input feeds.
void link_input(Graph& inner, const PipelineInput& declared, const Input& link) {
  for (const std::string& target : declared.to) {
    const size_t dot = target.rfind('.');
    const int index = inner.find(target.substr(0, dot));
    if (dot == std::string::npos || index < 0) continue;
    std::vector<Input>& inputs = inner.steps[size_t(index)].inputs;
    std::erase_if(inputs, [&](const Input& input) { return input.name == target.substr(dot + 1); });
    inputs.push_back(link);
    inputs.back().name = target.substr(dot + 1);
  }
}

// The pipeline's steps for one use of it. Links given from outside are marked by a leading NUL, so that the renaming of
// inner ids leaves them alone.
Graph instantiate(const Step& step, Pipeline pipeline, const Registry& registry, Problems& problems) {
  std::map<std::string, Json> values;
  std::vector<std::pair<const PipelineInput*, Input>> links;
  for (const Input& input : step.inputs) {
    const auto declared = std::find_if(pipeline.inputs.begin(), pipeline.inputs.end(),
                                       [&](const PipelineInput& known) { return known.name == input.name; });
    if (input.is_link() && declared != pipeline.inputs.end()) {
      Input link = input;
      link.from.insert(0, 1, '\0');
      links.emplace_back(&*declared, link);
      declared->optional = true;  // it is given, by the link
      if (declared->type != "LORA") declared->default_value = nullptr;
    } else {
      values[input.name] = input.literal;
    }
  }
  Problems inner_problems;
  Graph inner = fill_pipeline(pipeline, values, registry, inner_problems);
  for (const Problem& problem : inner_problems) {
    problems.push_back(step_problem(step, problem.kind, problem.message, problem.socket));
  }
  for (const auto& [declared, link] : links) link_input(inner, *declared, link);
  for (Step& inner_step : inner.steps) {
    inner_step.id = step.id + ":" + inner_step.id;
    for (Input& input : inner_step.inputs) {
      if (!input.is_link()) continue;
      if (input.from[0] == '\0') {
        input.from.erase(0, 1);
      } else {
        input.from = step.id + ":" + input.from;
      }
    }
  }
  return inner;
}

void redirect_links(Graph& graph, const Outputs& outputs, Problems& problems) {
  for (Step& step : graph.steps) {
    for (Input& input : step.inputs) {
      const auto found = outputs.find(input.from);
      if (!input.is_link() || found == outputs.end()) continue;
      if (input.slot < 0 || size_t(input.slot) >= found->second.size()) {
        problems.push_back(step_problem(step, "link_origin_slot",
                                        "links to output " + std::to_string(input.slot) + " of step " + input.from +
                                            ", a pipeline with " + std::to_string(found->second.size()) + " outputs",
                                        input.name));
        continue;
      }
      const PipelineOutput& output = found->second[size_t(input.slot)];
      input.from = input.from + ":" + output.step;
      input.slot = output.slot;
    }
  }
}

}  // namespace

Graph expand_pipelines(Graph graph, const FindPipeline& find, const Registry& registry, Problems& problems) {
  for (int level = 0; std::any_of(graph.steps.begin(), graph.steps.end(), is_pipeline_step); ++level) {
    if (level == kDeepestPipeline) {
      problems.push_back({.step = "", .node = "", .socket = "", .kind = "cycle",
                          .message = "pipelines use one another more than 32 levels deep, or in a circle"});
      std::erase_if(graph.steps, is_pipeline_step);
      return graph;
    }
    Graph expanded;
    Outputs outputs;
    for (Step& step : graph.steps) {
      if (!is_pipeline_step(step)) {
        expanded.steps.push_back(std::move(step));
        continue;
      }
      auto pipeline = find_pipeline(step, find, problems);
      if (!pipeline) continue;
      outputs[step.id] = pipeline->outputs;
      Graph inner = instantiate(step, std::move(*pipeline), registry, problems);
      std::move(inner.steps.begin(), inner.steps.end(), std::back_inserter(expanded.steps));
    }
    redirect_links(expanded, outputs, problems);
    graph = std::move(expanded);
  }
  return graph;
}

}  // namespace heddle
