#include "engine/check.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "engine/file_choice.h"
#include "engine/literal.h"
#include "engine/topology.h"

namespace heddle {
namespace {

using IndexById = std::unordered_map<std::string_view, int>;

// One pass over a graph, with what its rules share.
class Checker {
 public:
  Checker(const Graph& graph, const Registry& registry, const Folders& folders)
      : graph_(graph), registry_(registry), folders_(folders) {}

  CheckedGraph run(const CheckOptions& options) {
    index_steps();
    for (size_t i = 0; i < graph_.steps.size(); ++i) find_node(int(i));
    for (size_t i = 0; i < graph_.steps.size(); ++i) check_inputs(int(i));
    order_steps();
    find_outputs(options);
    demote_unneeded();
    return std::move(result_);
  }

 private:
  void index_steps() {
    result_.steps.resize(graph_.steps.size());
    problems_.resize(graph_.steps.size());
    index_.reserve(graph_.steps.size());
    for (size_t i = 0; i < graph_.steps.size(); ++i) index_.emplace(graph_.steps[i].id, int(i));
  }

  void find_node(int i) {
    const Step& step = graph_.steps[size_t(i)];
    result_.steps[size_t(i)].node = registry_.find(step.node);
    if (result_.steps[size_t(i)].node) return;
    report(i, "", "unknown_node",
           "unknown node \"" + step.node + "\"" + did_you_mean(step.node, registry_.names()) +
               "; `heddle nodes` lists them all");
    name_missing_nodes(problems_[size_t(i)], registry_);
  }

  void check_inputs(int i) {
    const Step& step = graph_.steps[size_t(i)];
    CheckedStep& checked = result_.steps[size_t(i)];
    if (!checked.node) {
      for (const Input& input : step.inputs) {
        if (input.is_link()) check_link_source(i, input);
      }
      return;
    }
    std::vector<const Input*> by_spec(checked.node->inputs.size());
    for (const Input& input : step.inputs) {
      const int spec = checked.node->find_input(input.name);
      if (spec >= 0) {
        by_spec[size_t(spec)] = &input;
      } else {
        warn_undeclared(i, input);
      }
    }
    checked.inputs.reserve(by_spec.size());
    for (size_t spec = 0; spec < by_spec.size(); ++spec) bind_input(i, int(spec), by_spec[spec]);
  }

  void bind_input(int i, int spec_index, const Input* input) {
    CheckedStep& checked = result_.steps[size_t(i)];
    const InputSpec& spec = checked.node->inputs[size_t(spec_index)];
    if (!input || (!spec.required && !input->is_link() && input->literal.is_null())) {
      if (spec.required) report_missing(i, spec);
      return;
    }
    BoundInput bound{.spec = spec_index};
    const bool good = input->is_link() ? check_link(i, spec, *input, bound) : check_literal(i, spec, *input, bound);
    if (good) checked.inputs.push_back(std::move(bound));
  }

  void warn_undeclared(int i, const Input& input) {
    const NodeDeclaration& node = *result_.steps[size_t(i)].node;
    result_.warnings.push_back(make_problem(i, input.name, "undeclared_input",
                                            node.name + " has no input \"" + input.name + "\"" +
                                                did_you_mean(input.name, node.input_names()) + "; it is ignored"));
  }

  void report_missing(int i, const InputSpec& spec) {
    std::string message = "is required and missing: give it a link to a " + spec.type + " output";
    if (spec.has_json_form) message = "is required and missing: give it a value of type " + spec.type + " or a link";
    if (!spec.default_value.is_null()) message += " (an editor prefills " + literal_text(spec.default_value) + ")";
    report(i, spec.name, "required_input_missing", message);
  }

  // Index of the step a link comes from, or -1 after reporting that there is none.
  int check_link_source(int i, const Input& input) {
    const auto found = index_.find(input.from);
    if (found == index_.end()) {
      std::vector<std::string> ids;
      for (const Step& step : graph_.steps) ids.push_back(step.id);
      report(i, input.name, "link_origin_gone",
             "links to step \"" + input.from + "\", which is not in the graph" + did_you_mean(input.from, ids));
      return -1;
    }
    links_.emplace_back(found->second, i);
    return found->second;
  }

  bool check_link(int i, const InputSpec& spec, const Input& input, BoundInput& bound) {
    bound.step = check_link_source(i, input);
    if (bound.step < 0) return false;
    const NodeDeclaration* from = result_.steps[size_t(bound.step)].node;
    if (!from) return false;  // reported there
    if (input.slot < 0 || input.slot >= int64_t(from->outputs.size())) {
      report(i, input.name, "link_origin_slot",
             "links to output " + std::to_string(input.slot) + " of step " + input.from + ", but " +
                 outputs_text(*from));
      return false;
    }
    bound.slot = int(input.slot);
    const std::string& type = from->outputs[size_t(bound.slot)].type;
    if (types_fit(type, spec.type)) return true;
    report(i, input.name, "return_type_mismatch",
           "takes " + spec.type + ", but output " + std::to_string(bound.slot) + " of step " + input.from + " (" +
               from->name + ") gives " + type);
    return false;
  }

  static std::string outputs_text(const NodeDeclaration& node) {
    if (node.outputs.empty()) return node.name + " has no outputs";
    std::string text = node.name + " has only";
    for (size_t k = 0; k < node.outputs.size(); ++k) {
      text += (k ? ", " : " ") + std::to_string(k) + " (" + node.outputs[k].name + ")";
    }
    return text;
  }

  bool check_literal(int i, const InputSpec& spec, const Input& input, BoundInput& bound) {
    if (!spec.has_json_form) {
      report(i, spec.name, "invalid_input_type",
             "takes a link to a " + spec.type + " output, [step, output number], got " + literal_text(input.literal));
      return false;
    }
    auto cast = cast_literal(input.literal, spec.type);
    if (!cast) {
      report(i, spec.name, "invalid_input_type",
             literal_text(input.literal) + " cannot be read as " + spec.type + expected_text(spec));
      return false;
    }
    if (const auto problem = range_problem(*cast, spec)) {
      report(i, spec.name, "value_out_of_range", *problem);
      return false;
    }
    if (spec.type == "COMBO" && !check_choice(i, spec, *cast)) return false;
    bound.literal = std::move(*cast);
    return true;
  }

  static std::string expected_text(const InputSpec& spec) {
    if (spec.min.is_null() && spec.max.is_null()) return "";
    return "; allowed is " + spec.min.dump() + ".." + spec.max.dump();
  }

  bool check_choice(int i, const InputSpec& spec, const Json& literal) {
    const std::string* text = literal.is_string() ? &literal.get_ref<const std::string&>() : nullptr;
    if (spec.is_file()) {
      if (text && chosen_files(spec, *text, folders_)) return true;
      const std::string shown = text ? *text : literal_text(literal);
      report(i, spec.name, "value_not_in_list",
             "no file \"" + shown + "\" in " + spec.folder + did_you_mean(shown, listing(spec)) +
                 choices_text(listing(spec)));
      return false;
    }
    if (text && std::find(spec.choices.begin(), spec.choices.end(), *text) != spec.choices.end()) return true;
    const std::string shown = text ? *text : literal_text(literal);
    report(i, spec.name, "value_not_in_list",
           "\"" + shown + "\" is not a choice" + did_you_mean(shown, spec.choices) + choices_text(spec.choices));
    return false;
  }

  static std::string choices_text(const std::vector<std::string>& choices) {
    constexpr size_t kMost = 20;
    if (choices.empty()) return "; there are none";
    std::string text = "; allowed:";
    for (size_t k = 0; k < std::min(choices.size(), kMost); ++k) text += (k ? ", " : " ") + choices[k];
    if (choices.size() > kMost) text += " and " + std::to_string(choices.size() - kMost) + " more";
    return text;
  }

  const std::vector<std::string>& listing(const InputSpec& spec) {
    const std::string key = spec.folder + (spec.names.list ? " by names" : "");
    const auto found = listings_.find(key);
    if (found != listings_.end()) return found->second;
    return listings_[key] = file_choices(spec, folders_);
  }

  void order_steps() {
    auto order = topological_order(int(graph_.steps.size()), links_);
    if (auto* good = std::get_if<Order>(&order)) {
      result_.order = std::move(good->steps);
      return;
    }
    const Cycle& cycle = std::get<Cycle>(order);
    std::string path;
    for (int i : cycle.steps) path += graph_.steps[size_t(i)].id + " -> ";
    path += graph_.steps[size_t(cycle.steps.front())].id;
    result_.problems.push_back(
        {.step = graph_.steps[size_t(cycle.steps.front())].id,
         .node = graph_.steps[size_t(cycle.steps.front())].node,
         .socket = "",
         .kind = "cycle",
         .message = "the steps feed one another in a circle: " + path + "; remove one of these links"});
  }

  void find_outputs(const CheckOptions& options) {
    if (options.targets.empty()) {
      for (size_t i = 0; i < graph_.steps.size(); ++i) {
        const NodeDeclaration* node = result_.steps[i].node;
        if (node && node->info.is_output) result_.outputs.push_back(int(i));
      }
    }
    for (const std::string& target : options.targets) {
      const auto found = index_.find(target);
      if (found == index_.end()) {
        report_graph("no_such_step", "there is no step \"" + target + "\" to run");
      } else {
        result_.outputs.push_back(found->second);
      }
    }
    const bool all_known = std::all_of(result_.steps.begin(), result_.steps.end(),
                                       [](const CheckedStep& step) { return step.node != nullptr; });
    if (result_.outputs.empty() && options.targets.empty() && all_known) {
      report_graph("no_outputs", graph_.steps.empty()
                                     ? "the graph has no steps"
                                     : "the graph has no output: add a node that saves or shows a result, such as one of: " +
                                           output_nodes());
    }
  }

  std::string output_nodes() const {
    std::string text;
    for (const std::string& name : registry_.names()) {
      if (registry_.find(name)->info.is_output) text += (text.empty() ? "" : ", ") + name;
    }
    return text;
  }

  // Problems of steps that feed no output become warnings, unless nothing feeds an output at all.
  void demote_unneeded() {
    std::vector<char> needed(graph_.steps.size(), result_.outputs.empty());
    std::vector<std::vector<int>> feeders(graph_.steps.size());
    for (const auto& [from, to] : links_) feeders[size_t(to)].push_back(from);
    std::vector<int> stack = result_.outputs;
    while (!stack.empty()) {
      const int i = stack.back();
      stack.pop_back();
      if (std::exchange(needed[size_t(i)], 1)) continue;
      stack.insert(stack.end(), feeders[size_t(i)].begin(), feeders[size_t(i)].end());
    }
    for (size_t i = 0; i < graph_.steps.size(); ++i) {
      Problems& target = needed[i] ? result_.problems : result_.warnings;
      std::move(problems_[i].begin(), problems_[i].end(), std::back_inserter(target));
    }
  }

  Problem make_problem(int i, const std::string& socket, std::string kind, std::string message) const {
    const Step& step = graph_.steps[size_t(i)];
    return {.step = step.id, .node = step.node, .socket = socket, .kind = std::move(kind), .message = std::move(message)};
  }
  void report(int i, const std::string& socket, std::string kind, std::string message) {
    problems_[size_t(i)].push_back(make_problem(i, socket, std::move(kind), std::move(message)));
  }
  void report_graph(std::string kind, std::string message) {
    result_.problems.push_back(
        {.step = "", .node = "", .socket = "", .kind = std::move(kind), .message = std::move(message)});
  }

  const Graph& graph_;
  const Registry& registry_;
  const Folders& folders_;
  IndexById index_;
  std::vector<Problems> problems_;            // by step
  std::vector<std::pair<int, int>> links_;    // (from, to)
  std::unordered_map<std::string, std::vector<std::string>> listings_;
  CheckedGraph result_;
};

}  // namespace

CheckedGraph check_graph(const Graph& graph, const Registry& registry, const Folders& folders,
                         const CheckOptions& options) {
  return Checker(graph, registry, folders).run(options);
}

void name_missing_nodes(Problems& problems, const Registry& registry) {
  for (Problem& problem : problems) {
    const std::string* topic = problem.kind == "unknown_node" ? registry.missing_topic(problem.node) : nullptr;
    if (!topic) continue;
    problem.kind = "missing_node";
    problem.message = "\"" + problem.node + "\" is a ComfyUI node that heddle does not have yet (" + *topic + ")";
  }
}

bool types_fit(std::string_view from, std::string_view to) {
  if (from == to || from == "*" || to == "*") return true;
  const auto members = [](std::string_view type) {
    std::set<std::string_view> set;
    while (true) {
      const size_t comma = std::min(type.find(','), type.size());
      set.insert(type.substr(0, comma));
      if (comma == type.size()) return set;
      type.remove_prefix(comma + 1);
    }
  };
  if (from.find(',') == from.npos && to.find(',') == to.npos) return false;
  const auto wanted = members(to);
  for (const std::string_view member : members(from)) {
    if (wanted.contains(member)) return true;
  }
  return false;
}

}  // namespace heddle
