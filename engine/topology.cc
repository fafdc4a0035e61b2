#include "engine/topology.h"

#include <algorithm>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/depth_first_search.hpp>

namespace heddle {
namespace {

using Digraph = boost::compressed_sparse_row_graph<boost::directedS>;

struct FoundCycle {
  Cycle cycle;
};

// Searches from each step to what feeds it: steps are left in an order in which they may run, and the order of the graph
// is kept where links leave a choice. Follows the path it is on to report a cycle.
struct Visitor : boost::default_dfs_visitor {
  Visitor(std::vector<int>& finished, std::vector<int>& path) : finished(finished), path(path) {}

  void discover_vertex(size_t v, const Digraph&) { path.push_back(int(v)); }
  void finish_vertex(size_t v, const Digraph&) {
    path.pop_back();
    finished.push_back(int(v));
  }
  void back_edge(Digraph::edge_descriptor e, const Digraph& graph) {
    const auto start = std::find(path.begin(), path.end(), int(target(e, graph)));
    std::reverse(start + 1, path.end());  // against the search, along the links
    throw FoundCycle{{{start, path.end()}}};
  }

  std::vector<int>& finished;
  std::vector<int>& path;
};

}  // namespace

std::variant<Order, Cycle> topological_order(int steps, const std::vector<std::pair<int, int>>& links) {
  std::vector<std::pair<int, int>> feeders;  // (to, from)
  feeders.reserve(links.size());
  for (const auto& [from, to] : links) feeders.emplace_back(to, from);
  const Digraph graph(boost::edges_are_unsorted_multi_pass, feeders.begin(), feeders.end(), size_t(steps));
  std::vector<int> finished, path;
  finished.reserve(size_t(steps));
  try {
    boost::depth_first_search(graph, boost::visitor(Visitor(finished, path)));
  } catch (const FoundCycle& found) {
    return found.cycle;
  }
  return Order{std::move(finished)};
}

}  // namespace heddle
