#include "engine/cli/address.h"

#include <algorithm>
#include <vector>

namespace heddle::cli {
namespace {

Problem flag_problem(std::string kind, std::string message) {
  return {
      .step = "", .node = "", .socket = "", .kind = std::move(kind), .message = std::move(message)};
}

// Steps of that title, or of that node under any of its names.
std::vector<int> steps_called(const Graph& graph, const std::string& name,
                              const Registry& registry) {
  const NodeDeclaration* node = registry.find(name);
  std::vector<int> steps;
  for (size_t i = 0; i < graph.steps.size(); ++i) {
    const Step& step = graph.steps[i];
    const bool same_node = step.node == name || (node && registry.find(step.node) == node);
    if (step.title == name || same_node) steps.push_back(int(i));
  }
  return steps;
}

std::string step_list(const Graph& graph, const std::vector<int>& steps) {
  constexpr size_t kMost = 12;
  std::string text;
  for (size_t k = 0; k < std::min(steps.size(), kMost); ++k) {
    const Step& step = graph.steps[size_t(steps[k])];
    text += (k ? ", " : "") + step.id + " (" + (step.title.empty() ? step.node : step.title) + ")";
  }
  if (steps.size() > kMost) text += " and " + std::to_string(steps.size() - kMost) + " more";
  return text;
}

Problem no_step(const Graph& graph, const std::string& name) {
  std::vector<std::string> names;
  std::vector<int> all;
  for (size_t i = 0; i < graph.steps.size(); ++i) {
    const Step& step = graph.steps[i];
    names.insert(names.end(), {step.id, step.node, step.title});
    all.push_back(int(i));
  }
  return flag_problem("no_such_step", "there is no step \"" + name + "\"" +
                                          did_you_mean(name, names) + "; the graph has " +
                                          step_list(graph, all));
}

std::optional<int> one_step(const Graph& graph, const std::string& name,
                            const std::vector<int>& steps, Problems& problems) {
  if (steps.size() == 1) return steps[0];
  problems.push_back(flag_problem("ambiguous_step", "\"" + name + "\" means more than one step: " +
                                                        step_list(graph, steps) + "; use an id"));
  return std::nullopt;
}

// The step before one of the dots in `name`: an id first, then a title or node; the longest that is
// there.
std::optional<int> step_before_dot(const Graph& graph, const std::string& name,
                                   const Registry& registry, size_t& dot, Problems& problems) {
  for (dot = name.rfind('.'); dot != std::string::npos && dot > 0; dot = name.rfind('.', dot - 1)) {
    const int step = graph.find(name.substr(0, dot));
    if (step >= 0) return step;
  }
  for (dot = name.rfind('.'); dot != std::string::npos && dot > 0; dot = name.rfind('.', dot - 1)) {
    const std::string before = name.substr(0, dot);
    const std::vector<int> steps = steps_called(graph, before, registry);
    if (!steps.empty()) return one_step(graph, before, steps, problems);
  }
  problems.push_back(no_step(graph, name.substr(0, name.rfind('.'))));
  return std::nullopt;
}

}  // namespace

std::optional<int> find_step(const Graph& graph, const std::string& name, const Registry& registry,
                             Problems& problems) {
  const int step = graph.find(name);
  if (step >= 0) return step;
  const std::vector<int> steps = steps_called(graph, name, registry);
  if (!steps.empty()) return one_step(graph, name, steps, problems);
  problems.push_back(no_step(graph, name));
  return std::nullopt;
}

std::optional<SocketAddress> find_socket(const Graph& graph, const std::string& name,
                                         const Registry& registry, Problems& problems) {
  if (name.find('.') == std::string::npos) {
    problems.push_back(
        flag_problem("malformed", "\"" + name + "\" names no socket; expected STEP.SOCKET=VALUE"));
    return std::nullopt;
  }
  size_t dot = 0;
  const auto index = step_before_dot(graph, name, registry, dot, problems);
  if (!index) return std::nullopt;
  const Step& step = graph.steps[size_t(*index)];
  SocketAddress address{.step = *index, .socket = name.substr(dot + 1), .spec = nullptr};
  const NodeDeclaration* node = registry.find(step.node);
  if (!node) return address;
  const int spec = node->find_input(address.socket);
  if (spec < 0) {
    std::string sockets;
    for (const std::string& known : node->input_names()) {
      sockets += (sockets.empty() ? "" : ", ") + known;
    }
    problems.push_back({.step = step.id,
                        .node = step.node,
                        .socket = address.socket,
                        .kind = "undeclared_input",
                        .message = "there is no such input" +
                                   did_you_mean(address.socket, node->input_names()) + "; " +
                                   step.node + " has " + (sockets.empty() ? "none" : sockets)});
    return std::nullopt;
  }
  address.spec = &node->inputs[size_t(spec)];
  return address;
}

void set_input(Step& step, const std::string& socket, const Json& value, const Registry& registry) {
  const auto found = std::find_if(step.inputs.begin(), step.inputs.end(),
                                  [&](const Input& input) { return input.name == socket; });
  Input& input = found != step.inputs.end() ? *found : step.inputs.emplace_back();
  input = Input{.name = socket, .from = "", .slot = 0, .literal = value};
  const NodeDeclaration* node = registry.find(step.node);
  const int spec = node ? node->find_input(socket) : -1;
  const bool only_links = spec >= 0 && !node->inputs[size_t(spec)].has_json_form;
  if (!only_links || !value.is_array() || value.size() != 2 || !value[0].is_string()) return;
  input = Input{.name = socket, .from = value[0], .slot = value[1], .literal = nullptr};
}

}  // namespace heddle::cli
