#include "engine/pipeline.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/literal.h"

namespace heddle {
namespace {

constexpr const char* kTypes[] = {"STRING", "INT", "FLOAT", "BOOLEAN", "COMBO", "IMAGE", "LORA"};

Problem pipeline_problem(std::string kind, std::string message, std::string socket = "") {
  return {.step = "", .node = "", .socket = std::move(socket), .kind = std::move(kind), .message = std::move(message)};
}

std::string text_member(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

// "6.text" -> {"6", "text"}; ids of steps may hold dots themselves.
std::pair<std::string, std::string> split_target(const std::string& target) {
  const size_t dot = target.rfind('.');
  if (dot == std::string::npos) return {target, ""};
  return {target.substr(0, dot), target.substr(dot + 1)};
}

void check_target(const Pipeline& pipeline, const PipelineInput& input, const std::string& target, Problems& problems) {
  const auto [step, socket] = split_target(target);
  const bool whole_step = input.type == "LORA";
  if (pipeline.graph.find(whole_step ? target : step) < 0) {
    problems.push_back(pipeline_problem("no_such_step", "input \"" + input.name + "\" feeds \"" + target +
                                                            "\", but the graph has no step \"" +
                                                            (whole_step ? target : step) + "\""));
  } else if (!whole_step && socket.empty()) {
    problems.push_back(pipeline_problem("malformed", "input \"" + input.name + "\" feeds \"" + target +
                                                         "\"; expected STEP.SOCKET"));
  }
}

PipelineInput parse_input(const Pipeline& pipeline, const std::string& name, const Json& json, Problems& problems) {
  PipelineInput input;
  input.name = name;
  if (!json.is_object()) {
    problems.push_back(pipeline_problem("malformed", "input \"" + name + "\" must be an object"));
    return input;
  }
  input.type = text_member(json, "type");
  input.help = text_member(json, "help");
  if (std::find(std::begin(kTypes), std::end(kTypes), input.type) == std::end(kTypes)) {
    problems.push_back(pipeline_problem(
        "unknown_type", "input \"" + name + "\" has type \"" + input.type + "\"" +
                            did_you_mean(input.type, {std::begin(kTypes), std::end(kTypes)}) +
                            "; allowed: STRING, INT, FLOAT, BOOLEAN, COMBO, IMAGE, LORA"));
  }
  if (json.contains("default")) input.default_value = json["default"];
  if (json.contains("min")) input.min = json["min"];
  if (json.contains("max")) input.max = json["max"];
  input.optional = json.contains("optional") && json["optional"] == true;
  if (json.contains("to") && json["to"].is_array()) {
    for (const Json& target : json["to"]) {
      if (target.is_string()) input.to.push_back(target.get<std::string>());
    }
  }
  if (input.to.empty()) {
    problems.push_back(pipeline_problem("malformed", "input \"" + name + "\" feeds nothing; \"to\" lists STEP.SOCKET"));
  }
  for (const std::string& target : input.to) check_target(pipeline, input, target, problems);
  return input;
}

void parse_output(Pipeline& pipeline, const std::string& name, const Json& json, Problems& problems) {
  if (json.is_array() && json.size() == 2 && json[0].is_string() && json[1].is_number_integer() &&
      pipeline.graph.find(json[0].get<std::string>()) >= 0) {
    pipeline.outputs.push_back({name, json[0].get<std::string>(), json[1].get<int>()});
    return;
  }
  problems.push_back(pipeline_problem("malformed", "output \"" + name + "\" must be [step of the graph, output number]"));
}

void set_literal(Graph& graph, const std::string& target, const Json& value) {
  const auto& [id, name] = split_target(target);
  const std::string& socket = name;  // a lambda of C++20 may capture this, clang 14 no structured binding
  const int index = graph.find(id);
  if (index < 0) return;  // reported when the pipeline was read
  Step& step = graph.steps[size_t(index)];
  const auto found = std::find_if(step.inputs.begin(), step.inputs.end(),
                                  [&](const Input& input) { return input.name == socket; });
  Input& input = found != step.inputs.end() ? *found : step.inputs.emplace_back();
  input.name = socket;
  input.from.clear();
  input.literal = value;
}

void redirect(Graph& graph, const std::string& from, int64_t slot, const Input* source) {
  for (Step& step : graph.steps) {
    std::erase_if(step.inputs, [&](Input& input) {
      if (input.from != from || input.slot != slot) return false;
      if (!source) return true;
      const std::string name = input.name;
      input = *source;
      input.name = name;
      return false;
    });
  }
}

// Takes a step out: what each output fed is fed by the step's own input of that type.
void pass_by(Graph& graph, const std::string& id, const Registry& registry) {
  const int index = graph.find(id);
  if (index < 0) return;
  const Step step = graph.steps[size_t(index)];
  graph.steps.erase(graph.steps.begin() + index);
  const NodeDeclaration* node = registry.find(step.node);
  if (!node) return;  // an unknown node is reported by check_graph; nothing can be said of its outputs
  for (size_t slot = 0; slot < node->outputs.size(); ++slot) {
    const Input* source = nullptr;
    for (const Input& input : step.inputs) {
      const int spec = node->find_input(input.name);
      if (!source && spec >= 0 && node->inputs[size_t(spec)].type == node->outputs[slot].type) source = &input;
    }
    redirect(graph, id, int64_t(slot), source);
  }
}

// "ink:0.8" and "ink:0.8:0.5" -> file, strength for the model and for the text encoder.
void fill_lora(Graph& graph, const PipelineInput& input, const Json& value, const Registry& registry,
               Problems& problems) {
  std::string name = value.is_string() ? value.get<std::string>() : value.dump();
  std::vector<Json> strengths;
  while (strengths.size() < 2) {
    const size_t colon = name.rfind(':');
    if (colon == std::string::npos) break;
    const auto number = cast_literal(name.substr(colon + 1), "FLOAT");
    if (!number) break;
    strengths.insert(strengths.begin(), *number);
    name.resize(colon);
  }
  if (name.empty()) {
    problems.push_back(pipeline_problem("invalid_input_type", "takes NAME, NAME:STRENGTH or NAME:MODEL:CLIP, got " +
                                                                  literal_text(value), input.name));
    return;
  }
  if (strengths.empty()) strengths.push_back(1.0);
  for (const std::string& id : input.to) {
    const int index = graph.find(id);
    const NodeDeclaration* node = index < 0 ? nullptr : registry.find(graph.steps[size_t(index)].node);
    if (!node) continue;
    set_literal(graph, id + ".lora_name", name);
    set_literal(graph, id + ".strength_model", strengths.front());
    if (node->find_input("strength_clip") >= 0) set_literal(graph, id + ".strength_clip", strengths.back());
  }
}

// The type the engine checks a pipeline's input by.
const char* literal_type(const std::string& type) {
  return type == "INT" || type == "FLOAT" || type == "BOOLEAN" ? type.c_str() : "STRING";
}

void fill_value(Graph& graph, const PipelineInput& input, const Json& value, Problems& problems) {
  const std::string type = literal_type(input.type);
  // Command lines give texts; "false" there means false.
  const Json plain = type == "BOOLEAN" && value.is_string() ? Json(value != "false" && value != "0" && value != "") : value;
  const auto cast = cast_literal(plain, type);
  if (!cast) {
    problems.push_back(pipeline_problem("invalid_input_type",
                                        literal_text(value) + " cannot be read as " + input.type, input.name));
    return;
  }
  InputSpec spec;
  spec.min = input.min;
  spec.max = input.max;
  if (const auto problem = range_problem(*cast, spec)) {
    problems.push_back(pipeline_problem("value_out_of_range", *problem, input.name));
    return;
  }
  for (const std::string& target : input.to) set_literal(graph, target, *cast);
}

}  // namespace

bool is_pipeline(const Json& document) {
  return document.is_object() && document.contains("heddle") && document["heddle"] == "pipeline/1";
}

Pipeline parse_pipeline(const Json& document, Problems& problems) {
  Pipeline pipeline;
  pipeline.title = text_member(document, "title");
  pipeline.help = text_member(document, "help");
  if (!document.contains("graph")) {
    problems.push_back(pipeline_problem("malformed", "the pipeline has no \"graph\""));
    return pipeline;
  }
  pipeline.graph = parse_graph(document["graph"], problems);
  if (const auto inputs = document.find("inputs"); inputs != document.end() && inputs->is_object()) {
    for (const auto& [name, json] : inputs->items()) {
      pipeline.inputs.push_back(parse_input(pipeline, name, json, problems));
    }
  }
  if (const auto outputs = document.find("outputs"); outputs != document.end() && outputs->is_object()) {
    for (const auto& [name, json] : outputs->items()) parse_output(pipeline, name, json, problems);
  }
  return pipeline;
}

Graph fill_pipeline(const Pipeline& pipeline, const std::map<std::string, Json>& values, const Registry& registry,
                    Problems& problems) {
  Graph graph = pipeline.graph;
  std::vector<std::string> names;
  for (const PipelineInput& input : pipeline.inputs) names.push_back(input.name);
  for (const auto& [name, value] : values) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    std::string list;
    for (const std::string& known : names) list += (list.empty() ? "" : ", ") + known;
    problems.push_back(pipeline_problem("undeclared_input", "the pipeline has no input \"" + name + "\"" +
                                                                did_you_mean(name, names) + "; it has: " + list));
  }
  for (const PipelineInput& input : pipeline.inputs) {
    const auto given = values.find(input.name);
    const Json& value = given != values.end() ? given->second : input.default_value;
    if (value.is_null() && input.type == "LORA") {
      for (const std::string& id : input.to) pass_by(graph, id, registry);
    } else if (value.is_null()) {
      if (!input.optional) {
        problems.push_back(pipeline_problem("required_input_missing", "is required and has no default: " + input.help,
                                            input.name));
      }
    } else if (input.type == "LORA") {
      fill_lora(graph, input, value, registry, problems);
    } else {
      fill_value(graph, input, value, problems);
    }
  }
  return graph;
}

}  // namespace heddle
