#include "engine/object_info.h"

#include "engine/file_choice.h"
namespace heddle {
namespace {

// Editors round numbers to the step where they are told nothing else, and 7.25 of a scale in steps of 0.1 to 7.3.
constexpr double kFinestRounding = 0.01;

Json options_of(const InputSpec& spec) {
  Json options = Json::object();
  if (!spec.default_value.is_null()) options["default"] = spec.default_value;
  if (!spec.min.is_null()) options["min"] = spec.min;
  if (!spec.max.is_null()) options["max"] = spec.max;
  if (spec.step > 0) options["step"] = spec.type == "INT" ? Json(int64_t(spec.step)) : Json(spec.step);
  if (spec.type == "FLOAT" && spec.step > kFinestRounding) options["round"] = kFinestRounding;
  if (spec.widget.multiline) options["multiline"] = true;
  if (spec.widget.dynamic_prompts) options["dynamicPrompts"] = true;
  if (spec.widget.control_after_generate) options["control_after_generate"] = true;
  if (spec.widget.image_upload) options["image_upload"] = true;
  if (spec.widget.color) options["display"] = "color";
  if (!spec.help.empty()) options["tooltip"] = spec.help;
  return options;
}

Json input_info(const InputSpec& spec, const Folders& folders) {
  Json type = spec.type;
  if (spec.type == "COMBO") type = spec.is_file() ? Json(file_choices(spec, folders)) : Json(spec.choices);
  return {std::move(type), options_of(spec)};
}

// The name a node was asked for decides what it is shown as: ComfyUI's names keep ComfyUI's titles.
std::string display_name(const NodeDeclaration& node, const std::string& name) {
  for (const Alias& alias : node.info.aliases) {
    if (!alias.name.empty() && alias.name == name && !alias.display_name.empty()) return std::string(alias.display_name);
  }
  return node.display_name;
}

}  // namespace

Json node_info(const NodeDeclaration& node, const std::string& name, const Folders& folders) {
  Json input = Json::object(), order = Json::object();
  input["required"] = Json::object();
  order["required"] = Json::array();
  for (const InputSpec& spec : node.inputs) {
    const char* section = spec.required ? "required" : "optional";
    input[section][spec.name] = input_info(spec, folders);
    order[section].push_back(spec.name);
  }
  if (node.info.is_output) {
    // What it saves carries the graph and the editor's document.
    input["hidden"] = {{"prompt", "PROMPT"}, {"extra_pnginfo", "EXTRA_PNGINFO"}};
    order["hidden"] = {"prompt", "extra_pnginfo"};
  }
  Json types = Json::array(), names = Json::array(), lists = Json::array(), tooltips = Json::array();
  for (const OutputSpec& output : node.outputs) {
    types.push_back(output.type);
    names.push_back(output.name);
    lists.push_back(false);
    tooltips.push_back(output.help);
  }
  return {{"input", std::move(input)},
          {"input_order", std::move(order)},
          {"output", std::move(types)},
          {"output_is_list", std::move(lists)},
          {"output_name", std::move(names)},
          {"name", name},
          {"display_name", display_name(node, name)},
          {"description", node.info.help},
          {"python_module", "nodes"},
          {"category", node.info.category},
          {"output_node", node.info.is_output},
          {"output_tooltips", std::move(tooltips)}};
}

Json missing_node_info(const std::string& name, const std::string& topic) {
  NodeDeclaration none;
  none.info.category = "missing";
  none.display_name = name;
  Json info = node_info(none, name, {});
  info["description"] = "heddle does not have nodes for " + topic + " yet; a graph with this one is refused.";
  info["deprecated"] = true;
  return info;
}

Json object_info(const Registry& registry, const Folders& folders) {
  Json info = Json::object();
  for (const std::string& name : registry.names()) info[name] = node_info(*registry.find(name), name, folders);
  return info;
}

}  // namespace heddle
