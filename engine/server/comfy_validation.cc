// Steps are looked at from the outputs along their links, each once, without recursion: chains may be long. Each gets
// its own errors; an output is good if no step that it needs has any.
#include "engine/server/comfy_validation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "engine/check.h"
#include "engine/file_choice.h"
#include "engine/json_access.h"
#include "engine/literal.h"
#include "engine/object_info.h"
#include "engine/server/comfy_errors.h"

namespace heddle::server {
namespace {

struct Feeder {
  int step = 0;
  const InputSpec* input = nullptr;  // of the step that is fed
  Json link;
};

struct Visited {
  std::string id, class_type;
  Json* json = nullptr;  // in the prompt that will be run
  const NodeDeclaration* node = nullptr;
  enum { kNot, kOnPath, kDone } state = kNot;
  std::vector<Feeder> feeders = {};
  std::vector<Raised> raised = {};
  Json errors = Json::array();
  std::set<std::string> reported = {};  // inputs that have an error
};

// The value of `key` in an object, or null. Unlike operator[] it adds nothing.
Json* find_member(Json& object, const std::string& key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

// operator[] would compare all keys, which takes quadratic time in large prompts. REQUIRES: a new key.
void append_member(Json::object_t& object, const std::string& key, Json value) {
  static_cast<std::vector<std::pair<const std::string, Json>>&>(object).emplace_back(key, std::move(value));
}

bool is_well_formed_link(const Json& value) {
  return value.size() == 2 && (value[0].is_string() || value[0].is_number_integer()) && value[1].is_number_integer();
}

class Validation {
 public:
  Validation(const Json& prompt, const Registry& registry, const Folders& folders)
      : prompt_(prompt), registry_(registry), folders_(folders) {}

  ComfyCheck run(const std::optional<std::vector<std::string>>& partial_targets) {
    if (!prompt_.is_object()) {
      return whole_error(comfy_error("invalid_prompt", "The prompt is not a graph",
                                     "a prompt must be an object: {\"1\": {\"class_type\": ..., \"inputs\": {...}}}"));
    }
    if (Json error = find_nodes(); !error.is_null()) return whole_error(std::move(error));
    const std::vector<int> outputs = find_outputs(partial_targets);
    if (outputs.empty()) return whole_error(comfy_error("prompt_no_outputs", "Prompt has no outputs", ""));
    for (const int output : outputs) visit(output);
    add_what_heddle_knows(outputs);
    return conclude(outputs);
  }

 private:
  ComfyCheck whole_error(Json error) {
    return {.error = std::move(error), .node_errors = Json::object(), .outputs = {}, .prompt = std::move(prompt_), .ready = nullptr};
  }

  // What is wrong with the first step that names no node, or null.
  Json find_nodes() {
    steps_.reserve(prompt_.size());
    for (auto item = prompt_.begin(); item != prompt_.end(); ++item) {
      const std::string place = "Node ID '#" + item.key() + "'";
      const Json& class_type = member(*item, "class_type");
      if (!class_type.is_string()) {
        return comfy_error("invalid_prompt", "Cannot execute because a node is missing the class_type property.",
                           place);
      }
      Visited step{.id = item.key(), .class_type = class_type.get<std::string>(), .json = &*item};
      step.node = registry_.find(step.class_type);
      if (!step.node) {
        return comfy_error("invalid_prompt", "Cannot execute because node " + step.class_type + " does not exist.",
                           place, unknown_node_info(step));
      }
      steps_.push_back(std::move(step));
    }
    for (size_t i = 0; i < steps_.size(); ++i) index_.emplace(steps_[i].id, int(i));
    return nullptr;
  }

  Json unknown_node_info(const Visited& step) const {
    Problems problems{{.step = step.id,
                       .node = step.class_type,
                       .socket = "",
                       .kind = "unknown_node",
                       .message = "unknown node \"" + step.class_type + "\"" +
                                  did_you_mean(step.class_type, registry_.names())}};
    name_missing_nodes(problems, registry_);
    return {{"node_id", step.id}, {"class_type", step.class_type}, {"hint", problems.front().message}};
  }

  std::vector<int> find_outputs(const std::optional<std::vector<std::string>>& partial_targets) const {
    const std::set<std::string> wanted =
        partial_targets ? std::set(partial_targets->begin(), partial_targets->end()) : std::set<std::string>();
    std::vector<int> outputs;
    for (size_t i = 0; i < steps_.size(); ++i) {
      if (!steps_[i].node->info.is_output) continue;
      if (!partial_targets || wanted.contains(steps_[i].id)) outputs.push_back(int(i));
    }
    return outputs;
  }

  // Depth first along the links, as ComfyUI recurses.
  void visit(int output) {
    if (steps_[size_t(output)].state == Visited::kDone) return;
    struct Frame {
      int step;
      size_t next = 0;
    };
    std::vector<Frame> path;
    const auto enter = [&](int i) {
      steps_[size_t(i)].state = Visited::kOnPath;
      check_step(i);
      path.push_back({i});
    };
    enter(output);
    while (!path.empty()) {
      const int i = path.back().step;
      Visited& step = steps_[size_t(i)];
      if (path.back().next == step.feeders.size()) {
        path.pop_back();
        step.state = Visited::kDone;
        tell_raised(step, path.empty() ? nullptr : &steps_[size_t(path.back().step)],
                    path.empty() ? 0 : path.back().next - 1);
        continue;
      }
      const int from = step.feeders[path.back().next++].step;
      const auto state = steps_[size_t(from)].state;
      if (state == Visited::kNot) enter(from);
      if (state != Visited::kOnPath) continue;
      std::string circle;
      const auto start = std::find_if(path.begin(), path.end(), [&](const Frame& frame) { return frame.step == from; });
      for (auto frame = path.rbegin(); frame != std::make_reverse_iterator(start); ++frame) {
        circle += steps_[size_t(frame->step)].id + " -> ";
      }
      step.raised.push_back({"RecursionError", "the steps feed one another in a circle: " + circle + step.id +
                                                   "; remove one of these links"});
    }
  }

  void tell_raised(Visited& step, const Visited* consumer, size_t feeder) {
    for (const Raised& raised : step.raised) {
      step.errors.push_back(consumer ? raised_inside(place_of(*consumer, *consumer->feeders[feeder].input,
                                                              consumer->feeders[feeder].link),
                                                     raised)
                                     : raised_in_output(raised));
    }
  }

  void check_step(int i) {
    Visited& step = steps_[size_t(i)];
    Json* inputs = find_member(*step.json, "inputs");
    if (inputs && !inputs->is_object()) {
      step.raised.push_back({"TypeError", "\"inputs\" of step \"" + step.id + "\" must be an object"});
      inputs = nullptr;
    }
    for (const bool required : {true, false}) {
      for (const InputSpec& spec : step.node->inputs) {
        if (spec.required == required) check_input(i, spec, inputs ? find_member(*inputs, spec.name) : nullptr);
      }
    }
  }

  void check_input(int i, const InputSpec& spec, Json* value) {
    Visited& step = steps_[size_t(i)];
    if (!value) {
      if (spec.required) report(step, spec, required_input_missing(spec.name));
      return;
    }
    if (value->is_array()) return check_link(step, spec, *value);
    if (value->is_object() && value->size() == 1 && value->contains("__value__")) {
      // A list keeps its wrapping, or it would be taken for a link.
      Json inner = (*value)["__value__"];
      if (!inner.is_array()) *value = inner;
      return check_literal(step, spec, *value, std::move(inner));
    }
    check_literal(step, spec, *value, *value);
  }

  void check_link(Visited& step, const InputSpec& spec, const Json& link) {
    if (!is_well_formed_link(link)) return report(step, spec, bad_linked_input(place_of(step, spec, link)));
    const std::string id = link[0].is_string() ? link[0].get<std::string>() : link[0].dump();
    const std::string place = "input \"" + spec.name + "\" of step \"" + step.id + "\" links to ";
    const auto found = index_.find(id);
    if (found == index_.end()) {
      return raise(step, spec, {"KeyError", place + "step \"" + id + "\", which is not in the prompt"});
    }
    const NodeDeclaration& from = *steps_[size_t(found->second)].node;
    const bool is_inside = link[1] >= 0 && link[1] < from.outputs.size();
    if (!is_inside) {
      return raise(step, spec, {"IndexError", place + "output " + link[1].dump() + " of step \"" + id + "\", but " +
                                                  from.name + " has " + std::to_string(from.outputs.size())});
    }
    const std::string& type = from.outputs[link[1].get<size_t>()].type;
    if (!types_fit(type, spec.type)) {
      return report(step, spec, return_type_mismatch(place_of(step, spec, link), type, spec.type));
    }
    step.feeders.push_back({.step = found->second, .input = &spec, .link = link});
  }

  // `literal` is what `value` says; the cast goes back into `value`.
  void check_literal(Visited& step, const InputSpec& spec, Json& value, Json literal) {
    if (!spec.required && literal.is_null()) return;  // as if it were not there
    if (!spec.has_json_form) return;                  // left to heddle's own check, which asks for a link
    auto cast = cast_literal(literal, spec.type);
    if (!cast) {
      return report(step, spec,
                    invalid_input_type(place_of(step, spec, literal), spec.type,
                                       literal_text(literal) + " cannot be read as " + spec.type));
    }
    if (!value.is_object()) value = *cast;
    if (range_problem(*cast, spec)) return report_range(step, spec, *cast);
    if (spec.type == "COMBO") check_choice(step, spec, *cast);
  }

  // Not a number is neither below nor above; heddle's own check refuses it.
  void report_range(Visited& step, const InputSpec& spec, const Json& literal) {
    if (literal.is_number_float() && std::isnan(literal.get<double>())) return;
    InputSpec only_min;
    only_min.min = spec.min;
    const bool is_below = range_problem(literal, only_min).has_value();
    const InputPlace place = place_of(step, spec, literal);
    report(step, spec, is_below ? value_too_small(place, spec.min) : value_too_big(place, spec.max));
  }

  void check_choice(Visited& step, const InputSpec& spec, const Json& literal) {
    const std::string* text = literal.is_string() ? &literal.get_ref<const std::string&>() : nullptr;
    if (spec.is_file()) {
      if (text && chosen_files(spec, *text, folders_)) return;
      return report(step, spec, value_not_in_list(place_of(step, spec, literal), file_choices(spec, folders_)));
    }
    if (text && std::find(spec.choices.begin(), spec.choices.end(), *text) != spec.choices.end()) return;
    report(step, spec, value_not_in_list(place_of(step, spec, literal), spec.choices));
  }

  // Problems of steps that were looked at, where no error says so already.
  void add_what_heddle_knows(const std::vector<int>& outputs) {
    std::vector<std::string> targets;
    for (const int output : outputs) targets.push_back(steps_[size_t(output)].id);
    Problems problems;
    ready_ = std::make_shared<ReadyGraph>();
    ready_->graph = parse_graph(prompt_, problems);
    is_all_readable_ = problems.empty();
    ready_->checked = check_graph(ready_->graph, registry_, folders_, {.targets = std::move(targets)});
    for (const Problem& problem : ready_->checked.problems) {
      if (problem.kind == "cycle") {
        is_all_readable_ = false;  // among the steps looked at, it has been told
        continue;
      }
      const auto found = index_.find(problem.step);
      if (found == index_.end()) continue;
      Visited& step = steps_[size_t(found->second)];
      if (step.state == Visited::kNot || step.reported.contains(problem.socket)) continue;
      step.errors.push_back(custom_validation_failed(problem.socket, problem.message));
    }
  }

  ComfyCheck conclude(const std::vector<int>& outputs) {
    ComfyCheck check{.error = nullptr, .node_errors = Json::object(), .outputs = {}, .prompt = {}, .ready = nullptr};
    std::vector<std::vector<std::string>> dependents(steps_.size());
    std::vector<char> needed(steps_.size(), 0);
    for (const int output : outputs) {
      const std::vector<int> upstream = upstream_of(output);
      const std::string& id = steps_[size_t(output)].id;
      bool is_good = true;
      for (const int i : upstream) {
        if (steps_[size_t(i)].errors.empty()) continue;
        is_good = false;
        dependents[size_t(i)].push_back(id);
      }
      if (!is_good) continue;
      check.outputs.push_back(id);
      for (const int i : upstream) needed[size_t(i)] = 1;
    }
    check.node_errors = node_errors(dependents);
    if (check.outputs.empty()) check.error = all_failed(outputs);
    const bool is_all_good = is_all_readable_ && check.outputs.size() == outputs.size();
    if (is_all_good && ready_->checked.problems.empty()) check.ready = std::move(ready_);
    check.prompt = is_all_readable_ || check.outputs.empty() ? std::move(prompt_) : only_needed(needed);
    return check;
  }

  std::vector<int> upstream_of(int output) const {
    std::vector<char> seen(steps_.size(), 0);
    std::vector<int> found{output};
    seen[size_t(output)] = 1;
    for (size_t next = 0; next < found.size(); ++next) {
      for (const Feeder& feeder : steps_[size_t(found[next])].feeders) {
        if (!std::exchange(seen[size_t(feeder.step)], 1)) found.push_back(feeder.step);
      }
    }
    return found;
  }

  Json node_errors(const std::vector<std::vector<std::string>>& dependents) const {
    Json::object_t errors;
    for (size_t i = 0; i < steps_.size(); ++i) {
      if (steps_[i].errors.empty()) continue;
      append_member(errors, steps_[i].id,
                    {{"errors", steps_[i].errors},
                     {"dependent_outputs", dependents[i]},
                     {"class_type", steps_[i].class_type}});
    }
    return errors;
  }

  Json all_failed(const std::vector<int>& outputs) const {
    std::string details;
    for (const int output : outputs) {
      for (const Json& error : steps_[size_t(output)].errors) {
        if (!details.empty()) details += "\n";
        details += error["message"].get<std::string>() + ": " + error["details"].get<std::string>();
      }
    }
    return comfy_error("prompt_outputs_failed_validation", "Prompt outputs failed validation", details);
  }

  // The steps that will run, without inputs that no node declares and that cannot be read.
  Json only_needed(const std::vector<char>& needed) {
    Json::object_t kept;
    for (size_t i = 0; i < steps_.size(); ++i) {
      if (!needed[i]) continue;
      Json& step = *steps_[i].json;
      if (Json* inputs = find_member(step, "inputs")) drop_unreadable(*inputs);
      append_member(kept, steps_[i].id, std::move(step));
    }
    return kept;
  }

  static void drop_unreadable(Json& inputs) {
    std::vector<std::string> unreadable;
    for (const auto& [name, value] : inputs.items()) {
      if (value.is_array() && !is_well_formed_link(value)) unreadable.push_back(name);
    }
    for (const std::string& name : unreadable) inputs.erase(name);
  }

  InputPlace place_of(const Visited& step, const InputSpec& spec, const Json& value) {
    auto info = infos_.find(step.class_type);
    if (info == infos_.end()) {
      info = infos_.emplace(step.class_type, node_info(*step.node, step.class_type, folders_)).first;
    }
    const Json& section = member(member(info->second, "input"), spec.required ? "required" : "optional");
    return {.name = spec.name, .config = member(section, spec.name), .value = value};
  }

  void report(Visited& step, const InputSpec& spec, Json error) {
    step.reported.insert(spec.name);
    step.errors.push_back(std::move(error));
  }
  void raise(Visited& step, const InputSpec& spec, Raised raised) {
    step.reported.insert(spec.name);
    step.raised.push_back(std::move(raised));
  }

  Json prompt_;
  const Registry& registry_;
  const Folders& folders_;
  std::vector<Visited> steps_;  // in the order of the prompt
  std::unordered_map<std::string, int> index_;
  std::map<std::string, Json> infos_;  // by class; made only where there is an error, for they list folders
  bool is_all_readable_ = true;
  std::shared_ptr<ReadyGraph> ready_;
};

}  // namespace

ComfyCheck check_comfy_prompt(const Json& prompt, const std::optional<std::vector<std::string>>& partial_targets,
                              const Registry& registry, const Folders& folders) {
  return Validation(prompt, registry, folders).run(partial_targets);
}

}  // namespace heddle::server
