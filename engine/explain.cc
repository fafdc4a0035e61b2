#include "engine/explain.h"

#include <algorithm>
#include <map>

#include "engine/literal.h"

namespace heddle {
namespace {

using StepsById = std::map<std::string_view, const Json*>;

StepsById index_steps(const Json& run) {
  StepsById steps;
  const auto found = run.find("steps");
  if (!run.is_object() || found == run.end() || !found->is_object()) return steps;
  for (const auto& [id, step] : found->items()) {
    if (step.is_object()) steps.emplace(id, &step);
  }
  return steps;
}

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

const Json& inputs_of(const Json& step) {
  static const Json kNone = Json::object();
  const auto found = step.find("inputs");
  return found != step.end() && found->is_object() ? *found : kNone;
}

std::string input_text(const Json& input) {
  if (input.is_object()) return text_of(input, "file");
  if (input.is_array() && !input.empty() && input[0].is_string()) return "step " + input[0].get<std::string>();
  return literal_text(input);
}

class Explainer {
 public:
  Explainer(const Graph& graph, const CheckedGraph& checked, const Plan& plan, const Json& now, const Json& before,
            const ValueReaders& readers)
      : graph_(graph), checked_(checked), plan_(plan), now_(now), before_(before), readers_(readers),
        steps_now_(index_steps(now)), steps_before_(index_steps(before)), needed_(graph.steps.size(), 0) {
    for (const int output : checked.outputs) needed_[size_t(output)] = 1;
    for (auto it = checked.order.rbegin(); it != checked.order.rend(); ++it) {
      if (!needed_[size_t(*it)]) continue;
      for (const BoundInput& input : checked.steps[size_t(*it)].inputs) {
        if (input.is_link()) needed_[size_t(input.step)] = 1;
      }
    }
  }

  std::vector<Explanation> run() const {
    std::vector<Explanation> result(graph_.steps.size());
    for (size_t i = 0; i < result.size(); ++i) {
      result[i].action = plan_.steps[i].action;
      result[i].tier = plan_.steps[i].tier;
      result[i].reason = reason(i);
    }
    return result;
  }

 private:
  std::string reason(size_t i) const {
    const PlannedStep& planned = plan_.steps[i];
    if (planned.same_as >= 0) return "same as step " + graph_.steps[size_t(planned.same_as)].id;
    if (planned.action == Action::kCached) return planned.tier == Tier::kMemory ? "in memory" : "on disk";
    if (planned.action == Action::kSkip) return needed_[i] ? "what needs it is cached" : "no output needs it";
    if (checked_.steps[i].node->info.is_output) return "saves or shows its input every time";
    return why_it_runs(i);
  }

  std::string why_it_runs(size_t i) const {
    if (steps_before_.empty()) return "first run of this graph";
    if (text_of(now_, "numerics") != text_of(before_, "numerics")) {
      return "numerics " + text_of(before_, "numerics") + " -> " + text_of(now_, "numerics");
    }
    const auto before = steps_before_.find(graph_.steps[i].id);
    if (before == steps_before_.end()) return "new step";
    const Json& now = *steps_now_.at(graph_.steps[i].id);
    if (text_of(now, "node") != text_of(*before->second, "node")) {
      return "node " + text_of(*before->second, "node") + " -> " + text_of(now, "node");
    }
    const std::string changes = changed_inputs(inputs_of(now), inputs_of(*before->second));
    if (!changes.empty()) return changes;
    return why_not_kept(i);
  }

  std::string changed_inputs(const Json& now, const Json& before) const {
    std::string text;
    const auto add = [&](const std::string& change) { text += (text.empty() ? "" : ", ") + change; };
    for (const auto& [name, value] : now.items()) {
      const auto old = before.find(name);
      if (old == before.end()) {
        add(name + " is new");
      } else if (*old != value) {
        add(change(name, *old, value));
      } else if (value.is_array() && upstream_changed(value)) {
        add(name + " comes from " + input_text(value) + ", which changed");
      }
    }
    for (const auto& [name, value] : before.items()) {
      if (!now.contains(name)) add(name + " is gone");
    }
    return text;
  }

  static std::string change(const std::string& name, const Json& old, const Json& value) {
    if (old.is_object() && value.is_object() && input_text(old) == input_text(value)) {
      return name + ": the file " + input_text(value) + " has changed";
    }
    return name + " " + input_text(old) + " -> " + input_text(value);
  }

  bool upstream_changed(const Json& link) const {
    const std::string& id = link[0].get_ref<const std::string&>();
    const auto now = steps_now_.find(id);
    const auto before = steps_before_.find(id);
    return now == steps_now_.end() || before == steps_before_.end() ||
           text_of(*now->second, "key") != text_of(*before->second, "key");
  }

  std::string why_not_kept(size_t i) const {
    const auto& outputs = checked_.steps[i].node->outputs;
    const auto not_written = std::find_if(outputs.begin(), outputs.end(), [&](const OutputSpec& output) {
      return !readers_.contains(output.type);
    });
    if (not_written != outputs.end()) {
      return not_written->type + " is kept in memory only, and this process has not made it yet";
    }
    return "its result is not in the cache any more";
  }

  const Graph& graph_;
  const CheckedGraph& checked_;
  const Plan& plan_;
  const Json& now_;
  const Json& before_;
  const ValueReaders& readers_;
  StepsById steps_now_, steps_before_;
  std::vector<char> needed_;  // by some output, cached or not
};

}  // namespace

Json describe_run(const Graph& graph, const CheckedGraph& checked, const ContentKeys& keys,
                  const std::string& numerics) {
  std::map<std::pair<int, std::string_view>, std::string> hashes;  // one after another where an input has several files
  for (const UsedFile& file : keys.files) hashes[{file.step, file.input}] += file.hash.hex();
  Json::object_t steps;
  for (size_t i = 0; i < graph.steps.size(); ++i) {
    if (!checked.steps[i].node) continue;
    Json step;
    step["node"] = checked.steps[i].node->name;
    step["key"] = keys.keys[i].hex();
    Json& inputs = step["inputs"] = Json::object();
    for (const BoundInput& input : checked.steps[i].inputs) {
      const InputSpec& spec = checked.steps[i].node->inputs[size_t(input.spec)];
      if (input.is_link()) {
        inputs[spec.name] = {graph.steps[size_t(input.step)].id, input.slot};
      } else if (spec.is_file()) {
        const auto hash = hashes.find({int(i), spec.name});
        inputs[spec.name] = {{"file", input.literal}, {"sha256", hash == hashes.end() ? "" : hash->second}};
      } else {
        inputs[spec.name] = input.literal;
      }
    }
    // A lookup for each of many ids would take quadratic time.
    static_cast<std::vector<std::pair<const std::string, Json>>&>(steps).emplace_back(graph.steps[i].id,
                                                                                       std::move(step));
  }
  return {{"numerics", numerics}, {"steps", std::move(steps)}};
}

std::vector<Explanation> explain(const Graph& graph, const CheckedGraph& checked, const Plan& plan, const Json& now,
                                 const Json& before, const ValueReaders& readers) {
  return Explainer(graph, checked, plan, now, before, readers).run();
}

}  // namespace heddle
