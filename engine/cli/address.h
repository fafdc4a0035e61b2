// How people name steps and sockets: by id, by title, or by node where that names exactly one step.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "engine/graph.h"
#include "engine/registry.h"

namespace heddle::cli {

/// Index of the step that `name` means. None or several is a problem that lists the candidates, and
/// nothing.
std::optional<int> find_step(const Graph& graph, const std::string& name, const Registry& registry,
                             Problems& problems);

/// A socket of a step, with its declaration; null where the node is unknown, which check_graph
/// reports.
struct SocketAddress {
  int step = 0;
  std::string socket;
  const InputSpec* spec = nullptr;
};

/// "3.steps" or "My sampler.steps"; ids and titles may hold dots themselves.
std::optional<SocketAddress> find_socket(const Graph& graph, const std::string& name,
                                         const Registry& registry, Problems& problems);

/// Puts `value` there, a link where it is ["STEP", OUTPUT] and the socket takes nothing else, in
/// place of what was.
void set_input(Step& step, const std::string& socket, const Json& value, const Registry& registry);

}  // namespace heddle::cli
