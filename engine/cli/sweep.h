// The flags that change a graph (--set, --seed, --count, the inputs of a pipeline), and the
// combinations of their values.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/cli/source.h"

namespace heddle::cli {

/// The flags themselves, for every verb that takes a graph.
std::vector<Flag> graph_flags();

/// One thing that varies, and over what.
struct Axis {
  enum class Kind {
    kInput,    // of the pipeline
    kSockets,  // of steps
    kCount,    // added to what the sockets, or the input, hold
  };
  struct Socket {
    std::string step, name;
  };
  Kind kind = Kind::kSockets;
  std::string name;  // as written: "3.cfg", "seed"
  std::vector<Socket> sockets;
  std::vector<Json> values;
};

class Sweep {
 public:
  /// Mistakes in the flags are added to `problems`, which is empty before; then there is nothing to
  /// combine. All arguments outlive the sweep.
  Sweep(const Source& source, const Options& options, const Registry& registry, const Place& place,
        Problems& problems);

  /// Combinations; 1 if nothing varies.
  size_t size() const;
  /// The graph of combination `k`; the first axis varies slowest.
  Graph graph(size_t k, Problems& problems) const;
  /// What the flags make of it: {"3.cfg": 4.0, "seed": 7}. `graph` is graph(k).
  Json chosen(size_t k, const Graph& graph) const;
  /// Ids of the steps that --until names.
  const std::vector<std::string>& targets() const { return targets_; }
  /// The inputs that --seed sets: "3.seed".
  const std::vector<std::string>& seeds() const { return seeds_; }

 private:
  void add_pipeline_inputs(Problems& problems);
  void add_sets(const Graph& graph, Problems& problems);
  void add_seeds(const Graph& graph, Problems& problems);
  void add_count(const Graph& graph, Problems& problems);
  void count_up_given_seed(Problems& problems);
  void find_targets(const Graph& graph, Problems& problems);
  bool add_input(const std::string& name, const std::string& text, Problems& problems);
  void add_values(Axis axis, const InputSpec& spec, const std::string& text, Problems& problems);
  Axis seed_axis(const Graph& graph);
  const PipelineInput* find_input(const std::string& name) const;
  InputSpec spec_of(const PipelineInput& input) const;
  Graph base(size_t k, Problems& problems) const;
  const Json& value(size_t axis, size_t k) const;

  const Source& source_;
  const Options& options_;
  const Registry& registry_;
  const Place& place_;
  std::vector<Axis> axes_;
  std::vector<std::string> targets_, seeds_;
};

/// Most combinations of one run.
inline constexpr size_t kMostCombinations = 10'000;

}  // namespace heddle::cli
