#include "engine/cli/sweep.h"

#include <algorithm>
#include <stdexcept>

#include "engine/cli/address.h"
#include "engine/cli/values.h"
#include "engine/file_choice.h"

namespace heddle::cli {
namespace {

Problem sweep_problem(const std::string& flag, const std::string& message) {
  return {
      .step = "", .node = "", .socket = "", .kind = "bad_flag", .message = flag + ": " + message};
}

// A spec to read a seed by: any whole number of 64 bits.
InputSpec seed_spec() {
  InputSpec spec;
  spec.name = "seed";
  spec.type = "INT";
  spec.has_json_form = true;
  return spec;
}

const Input* find_given(const Step& step, const std::string& socket) {
  for (const Input& input : step.inputs) {
    if (input.name == socket) return &input;
  }
  return nullptr;
}

// What `count` makes of a seed; past the last one it begins again at 0.
Json counted_up(const Json& seed, const Json& count) {
  if (!seed.is_number_integer()) return seed;  // check_graph says what is wrong with it
  return seed.get<uint64_t>() + count.get<uint64_t>();
}

// --count of a pipeline that has an input for its seed.
bool is_counted_input(const Axis& axis) {
  return axis.kind == Axis::Kind::kCount && axis.sockets.empty();
}

std::vector<Json> first_numbers(int count) {
  std::vector<Json> numbers;
  for (int k = 0; k < count; ++k) numbers.emplace_back(uint64_t(k));
  return numbers;
}

}  // namespace

std::vector<Flag> graph_flags() {
  return {
      {"--set", "STEP.SOCKET=VALUE",
       "set an input of a step, named by id, title or node; repeatable. Numbers, switches and "
       "choices take several "
       "values, as 4,6,8 or 1..5, texts a JSON list; a pipeline's input is set by NAME=VALUE",
       &Options::sets},
      {"--seed", "N", "set every unlinked seed; several as 1..20 or 3,5,8", &Options::seed},
      {"--count", "N", "repeat N times with seeds counting up", &Options::count},
      {"--until,--targets", "STEP", "run only what this step needs; repeatable", &Options::targets},
  };
}

Sweep::Sweep(const Source& source, const Options& options, const Registry& registry,
             const Place& place, Problems& problems)
    : source_(source), options_(options), registry_(registry), place_(place) {
  if (options.count < 1 || size_t(options.count) > kMostCombinations) {
    problems.push_back(sweep_problem("--count", "expected 1.." + std::to_string(kMostCombinations)));
  }
  if (problems.empty()) add_pipeline_inputs(problems);
  if (!problems.empty()) return;
  const Graph graph = base(0, problems);
  add_sets(graph, problems);
  add_seeds(graph, problems);
  add_count(graph, problems);
  find_targets(graph, problems);
  if (size() > kMostCombinations) {
    problems.push_back(sweep_problem("--set", "that makes more than " +
                                                 std::to_string(kMostCombinations) +
                                                 " combinations; run them in parts"));
  }
}

size_t Sweep::size() const {
  size_t size = 1;
  for (const Axis& axis : axes_) {
    size = std::min(size * axis.values.size(), kMostCombinations * kMostValues);
  }
  return size;
}

const Json& Sweep::value(size_t axis, size_t k) const {
  for (size_t later = axes_.size() - 1; later > axis; --later) k /= axes_[later].values.size();
  return axes_[axis].values[k % axes_[axis].values.size()];
}

Json Sweep::chosen(size_t k, const Graph& graph) const {
  Json chosen = Json::object();
  for (size_t i = 0; i < axes_.size(); ++i) {
    const Axis& axis = axes_[i];
    if (axis.kind != Axis::Kind::kCount) chosen[axis.name] = value(i, k);
    if (is_counted_input(axis)) {
      chosen["seed"] = counted_up(find_input("seed")->default_value, value(i, k));
    }
    if (axis.kind != Axis::Kind::kCount) continue;
    for (const Axis::Socket& socket : axis.sockets) {
      const int step = graph.find(socket.step);
      const Input* given = step < 0 ? nullptr : find_given(graph.steps[size_t(step)], socket.name);
      if (given) chosen[socket.step + "." + socket.name] = given->literal;
    }
  }
  return chosen;
}

Graph Sweep::base(size_t k, Problems& problems) const {
  const LoadedGraph& loaded = source_.loaded;
  Graph graph = loaded.graph;
  if (loaded.pipeline) {
    std::map<std::string, Json> values;
    for (size_t axis = 0; axis < axes_.size(); ++axis) {
      const Axis& at = axes_[axis];
      if (at.kind == Axis::Kind::kInput) values[at.name] = value(axis, k);
      if (is_counted_input(at)) {
        values["seed"] = counted_up(find_input("seed")->default_value, value(axis, k));
      }
    }
    graph = fill_pipeline(*loaded.pipeline, values, registry_, problems);
  }
  return expand_pipelines(std::move(graph), pipeline_finder(place_), registry_, problems);
}

Graph Sweep::graph(size_t k, Problems& problems) const {
  Graph graph = base(k, problems);
  for (size_t axis = 0; axis < axes_.size(); ++axis) {
    for (const Axis::Socket& socket : axes_[axis].sockets) {
      const int index = graph.find(socket.step);
      if (index < 0) continue;  // a LoRA's step that this combination passes by
      Step& step = graph.steps[size_t(index)];
      Json changed = value(axis, k);
      if (axes_[axis].kind == Axis::Kind::kCount) {
        const Input* given = find_given(step, socket.name);
        if (!given) continue;  // missing, as check_graph will say
        changed = counted_up(given->literal, changed);
      }
      set_input(step, socket.name, changed, registry_);
    }
  }
  return graph;
}

void Sweep::add_values(Axis axis, const InputSpec& spec, const std::string& text,
                       Problems& problems) {
  const auto is_choice = [&](const std::string& choice) {
    if (spec.is_file()) return chosen_files(spec, choice, place_.folders).has_value();
    return std::find(spec.choices.begin(), spec.choices.end(), choice) != spec.choices.end();
  };
  try {
    axis.values = parse_values(spec, text, is_choice);
    axes_.push_back(std::move(axis));
  } catch (const std::invalid_argument& error) {
    problems.push_back(sweep_problem(axis.name, error.what()));
  }
}

const PipelineInput* Sweep::find_input(const std::string& name) const {
  if (!source_.loaded.pipeline) return nullptr;
  for (const PipelineInput& input : source_.loaded.pipeline->inputs) {
    if (input.name == name) return &input;
  }
  return nullptr;
}

// The choices of a COMBO are those of the socket it feeds.
InputSpec Sweep::spec_of(const PipelineInput& input) const {
  InputSpec spec;
  const Graph& graph = source_.loaded.pipeline->graph;
  Problems reported_elsewhere;
  if (input.type == "COMBO" && !input.to.empty()) {
    const auto address = find_socket(graph, input.to[0], registry_, reported_elsewhere);
    if (address && address->spec) spec = *address->spec;
  }
  spec.name = input.name;
  spec.type = input.type;
  spec.has_json_form = true;
  return spec;
}

bool Sweep::add_input(const std::string& name, const std::string& text, Problems& problems) {
  const PipelineInput* input = find_input(name);
  if (!input) return false;
  std::erase_if(axes_, [&](const Axis& axis) { return axis.name == name; });  // the last one counts
  add_values({.kind = Axis::Kind::kInput, .name = name, .sockets = {}, .values = {}},
             spec_of(*input), text, problems);
  return true;
}

void Sweep::add_pipeline_inputs(Problems& problems) {
  for (const auto& [name, text] : options_.inputs) add_input(name, text, problems);
  for (const std::string& set : options_.sets) {
    const size_t equals = set.find('=');
    if (equals != std::string::npos) {
      add_input(set.substr(0, equals), set.substr(equals + 1), problems);
    }
  }
  const PipelineInput* seed = find_input("seed");
  if (!seed) return;
  if (!options_.seed.empty()) {
    add_input("seed", options_.seed, problems);
    seeds_ = seed->to;
  } else if (options_.count > 1) {
    axes_.push_back({Axis::Kind::kCount, "count", {}, first_numbers(options_.count)});
  }
}

void Sweep::add_sets(const Graph& graph, Problems& problems) {
  for (const std::string& set : options_.sets) {
    const size_t equals = set.find('=');
    if (equals == std::string::npos) {
      problems.push_back(sweep_problem("--set " + set, "expected STEP.SOCKET=VALUE"));
      continue;
    }
    const std::string name = set.substr(0, equals);
    if (find_input(name)) continue;
    const auto address = find_socket(graph, name, registry_, problems);
    if (!address) continue;
    const InputSpec any;
    add_values({.kind = Axis::Kind::kSockets,
                .name = name,
                .sockets = {{graph.steps[size_t(address->step)].id, address->socket}},
                .values = {}},
               address->spec ? *address->spec : any, set.substr(equals + 1), problems);
  }
}

// Every seed of the graph that no link feeds.
Axis Sweep::seed_axis(const Graph& graph) {
  Axis axis{.kind = Axis::Kind::kSockets, .name = "seed", .sockets = {}, .values = {}};
  seeds_.clear();
  for (const Step& step : graph.steps) {
    const NodeDeclaration* node = registry_.find(step.node);
    if (!node) continue;
    for (const InputSpec& spec : node->inputs) {
      if (!spec.widget.control_after_generate) continue;
      const Input* given = find_given(step, spec.name);
      if (given && given->is_link()) continue;
      axis.sockets.push_back({step.id, spec.name});
      seeds_.push_back(step.id + "." + spec.name);
    }
  }
  return axis;
}

void Sweep::add_seeds(const Graph& graph, Problems& problems) {
  if (options_.seed.empty() || find_input("seed")) return;
  Axis axis = seed_axis(graph);
  if (axis.sockets.empty()) {
    problems.push_back(sweep_problem("--seed", "no step has a seed that is not linked"));
    return;
  }
  add_values(std::move(axis), seed_spec(), options_.seed, problems);
}

void Sweep::add_count(const Graph& graph, Problems& problems) {
  if (options_.count == 1 || !problems.empty()) return;
  if (!options_.seed.empty()) return count_up_given_seed(problems);
  if (find_input("seed")) return;
  Axis axis = seed_axis(graph);
  axis.kind = Axis::Kind::kCount;
  axis.name = "count";
  axis.values = first_numbers(options_.count);
  if (axis.sockets.empty()) {
    problems.push_back(sweep_problem("--count", "no step has a seed to count up"));
    return;
  }
  axes_.push_back(std::move(axis));
}

void Sweep::count_up_given_seed(Problems& problems) {
  const auto seeds = std::find_if(axes_.begin(), axes_.end(),
                                  [](const Axis& axis) { return axis.name == "seed"; });
  if (seeds->values.size() > 1) {
    problems.push_back(
        sweep_problem("--count", "--seed gives several seeds already; use one of the two"));
    return;
  }
  const Json first = seeds->values[0];
  for (int k = 1; k < options_.count; ++k) seeds->values.push_back(counted_up(first, k));
}

void Sweep::find_targets(const Graph& graph, Problems& problems) {
  for (const std::string& name : options_.targets) {
    if (const auto step = find_step(graph, name, registry_, problems)) {
      targets_.push_back(graph.steps[size_t(*step)].id);
    }
  }
}

}  // namespace heddle::cli
