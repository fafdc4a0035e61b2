#include "engine/server/pipeline_schema.h"

#include "engine/file_choice.h"
#include "engine/json_access.h"
#include "engine/literal.h"

namespace heddle::server {
namespace {

const InputSpec* find_socket(const Graph& graph, const std::string& target, const Registry& registry) {
  const size_t dot = target.rfind('.');
  const int step = dot == std::string::npos ? -1 : graph.find(target.substr(0, dot));
  const NodeDeclaration* node = step < 0 ? nullptr : registry.find(graph.steps[size_t(step)].node);
  const int input = node ? node->find_input(target.substr(dot + 1)) : -1;
  return input < 0 ? nullptr : &node->inputs[size_t(input)];
}

// The choices of the first socket that has any.
std::vector<std::string> choices_of(const Pipeline& pipeline, const PipelineInput& input, const Registry& registry,
                                    const Folders& folders) {
  for (const std::string& target : input.to) {
    const InputSpec* spec = find_socket(pipeline.graph, target, registry);
    if (!spec) continue;
    if (spec->is_file()) return file_choices(*spec, folders);
    if (!spec->choices.empty()) return spec->choices;
  }
  return {};
}

Json picture_schema() {
  const auto one_of = [](const char* key, const char* help) {
    return Json{{"type", "object"},
                {"properties", {{key, {{"type", "string"}, {"description", help}}}}},
                {"required", {key}},
                {"additionalProperties", false}};
  };
  return {{"anyOf",
           {{{"type", "string"}, {"description", "The name of an input file."}},
            one_of("blob", "SHA-256 of a picture sent to /v1/blobs."),
            one_of("base64", "The picture's file itself.")}}};
}

Json type_schema(const Pipeline& pipeline, const PipelineInput& input, const Registry& registry,
                 const Folders& folders) {
  if (input.type == "INT") return {{"type", "integer"}};
  if (input.type == "FLOAT") return {{"type", "number"}};
  if (input.type == "BOOLEAN") return {{"type", "boolean"}};
  if (input.type == "IMAGE") return picture_schema();
  Json schema{{"type", "string"}};
  if (input.type != "COMBO") return schema;
  const std::vector<std::string> choices = choices_of(pipeline, input, registry, folders);
  if (!choices.empty()) schema["enum"] = choices;
  return schema;
}

Json input_schema(const Pipeline& pipeline, const PipelineInput& input, const Registry& registry,
                  const Folders& folders) {
  Json schema = type_schema(pipeline, input, registry, folders);
  if (!input.help.empty()) schema["description"] = input.help;
  if (!input.default_value.is_null()) schema["default"] = input.default_value;
  if (!input.min.is_null()) schema["minimum"] = input.min;
  if (!input.max.is_null()) schema["maximum"] = input.max;
  return schema;
}

bool has_type(const Json& value, const std::string& type) {
  if (type == "INT") return value.is_number_integer();
  if (type == "FLOAT") return value.is_number();
  if (type == "BOOLEAN") return value.is_boolean();
  return value.is_string();
}

const char* type_words(const std::string& type) {
  if (type == "INT") return "a whole number";
  if (type == "FLOAT") return "a number";
  if (type == "BOOLEAN") return "true or false";
  if (type == "IMAGE") return "the name of an input file, {\"blob\": SHA-256} or {\"base64\": \"...\"}";
  return "a text";
}

}  // namespace

Json pipeline_schema(const Pipeline& pipeline, const Registry& registry, const Folders& folders) {
  Json properties = Json::object(), required = Json::array();
  for (const PipelineInput& input : pipeline.inputs) {
    properties[input.name] = input_schema(pipeline, input, registry, folders);
    if (input.default_value.is_null() && !input.optional && input.type != "LORA") required.push_back(input.name);
  }
  Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"}};
  if (!pipeline.title.empty()) schema["title"] = pipeline.title;
  if (!pipeline.help.empty()) schema["description"] = pipeline.help;
  schema["type"] = "object";
  schema["properties"] = std::move(properties);
  schema["required"] = std::move(required);
  schema["additionalProperties"] = false;
  return schema;
}

void check_input_types(const Pipeline& pipeline, const Json& inputs, Problems& problems) {
  for (const PipelineInput& input : pipeline.inputs) {
    const Json& value = member(inputs, input.name);
    if (value.is_null() || has_type(value, input.type)) continue;
    problems.push_back({.step = "",
                        .node = "",
                        .socket = input.name,
                        .kind = "invalid_input_type",
                        .message = "takes " + std::string(type_words(input.type)) + ", got " + literal_text(value)});
  }
}

}  // namespace heddle::server
