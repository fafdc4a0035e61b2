#include "engine/graph.h"

namespace heddle {
namespace {

Problem malformed(const std::string& step, const std::string& socket, std::string message) {
  return {.step = step, .node = "", .socket = socket, .kind = "malformed", .message = std::move(message)};
}

// An input is [step, slot], a literal, or {"__value__": literal} for a literal that is a list.
bool parse_input(const std::string& step, const std::string& name, const Json& json, Input& input, Problems& problems) {
  input.name = name;
  if (json.is_object() && json.size() == 1 && json.contains("__value__")) {
    input.literal = json["__value__"];
    return true;
  }
  if (!json.is_array()) {
    input.literal = json;
    return true;
  }
  const bool is_link = json.size() == 2 && (json[0].is_string() || json[0].is_number_integer()) &&
                       json[1].is_number_integer();
  if (!is_link) {
    problems.push_back(malformed(step, name,
                                 "a list is read as a link and must be [step, output number]; write "
                                 "{\"__value__\": [...]} for a list as a value"));
    return false;
  }
  input.from = json[0].is_string() ? json[0].get<std::string>() : json[0].dump();
  input.slot = json[1].get<int64_t>();
  return true;
}

bool parse_step(const std::string& id, const Json& json, Step& step, Problems& problems) {
  if (!json.is_object()) {
    problems.push_back(malformed(id, "", "a step must be an object with class_type and inputs"));
    return false;
  }
  step.id = id;
  for (const auto& [key, value] : json.items()) {
    if (key == "class_type" && value.is_string()) step.node = value.get<std::string>();
    if (key == "_meta" && value.is_object() && value.contains("title") && value["title"].is_string()) {
      step.title = value["title"].get<std::string>();
    }
    if (key != "inputs") continue;
    if (!value.is_object()) {
      problems.push_back(malformed(id, "", "\"inputs\" must be an object"));
      continue;
    }
    step.inputs.reserve(value.size());
    for (const auto& [name, input] : value.items()) {
      Input parsed;
      if (parse_input(id, name, input, parsed, problems)) step.inputs.push_back(std::move(parsed));
    }
  }
  if (step.node.empty()) {
    problems.push_back(malformed(id, "", "the step has no class_type; it names the node to run, e.g. \"KSampler\""));
    return false;
  }
  return true;
}

}  // namespace

int Graph::find(std::string_view id) const {
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].id == id) return int(i);
  }
  return -1;
}

Graph parse_graph(const Json& document, Problems& problems) {
  Graph graph;
  if (!document.is_object()) {
    problems.push_back(malformed("", "", "a graph must be an object: {\"1\": {\"class_type\": ..., \"inputs\": {...}}}"));
    return graph;
  }
  graph.steps.reserve(document.size());
  for (const auto& [id, json] : document.items()) {
    Step step;
    if (parse_step(id, json, step, problems)) graph.steps.push_back(std::move(step));
  }
  return graph;
}

Json to_json(const Graph& graph) {
  Json::object_t document;
  document.reserve(graph.steps.size());
  for (const Step& step : graph.steps) {
    Json json;
    json["inputs"] = Json::object();
    for (const Input& input : step.inputs) {
      Json& value = json["inputs"][input.name];
      if (input.is_link()) {
        value = {input.from, input.slot};
      } else if (input.literal.is_array()) {
        value["__value__"] = input.literal;
      } else {
        value = input.literal;
      }
    }
    json["class_type"] = step.node;
    if (!step.title.empty()) json["_meta"]["title"] = step.title;
    // A lookup for each of many ids would take quadratic time.
    static_cast<std::vector<std::pair<const std::string, Json>>&>(document).emplace_back(step.id, std::move(json));
  }
  return document;
}

}  // namespace heddle
