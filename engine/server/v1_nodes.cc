// /v1/nodes: the declarations of all nodes.
#include "engine/file_choice.h"
#include "engine/server/openapi.h"
#include "engine/server/problem_json.h"
#include "engine/server/v1_catalogue.h"

namespace heddle::server {
namespace {

void add_known(Json& json, const char* name, const Json& value) {
  if (!value.is_null()) json[name] = value;
}

Json input_json(const InputSpec& spec) {
  Json json{{"name", spec.name},
            {"type", spec.type},
            {"help", spec.help},
            {"required", spec.required},
            {"link_only", !spec.has_json_form}};
  add_known(json, "default", spec.default_value);
  add_known(json, "min", spec.min);
  add_known(json, "max", spec.max);
  if (spec.step > 0) json["step"] = spec.step;
  if (!spec.choices.empty()) json["choices"] = spec.choices;
  if (spec.is_file()) json["folder"] = spec.folder;
  if (spec.widget.multiline) json["multiline"] = true;
  if (spec.widget.image_upload) json["picture"] = true;
  return json;
}

Json node_json(const std::string& name, const NodeDeclaration& node) {
  Json names = Json::array(), inputs = Json::array(), outputs = Json::array();
  if (node.name != name) names.push_back(node.name);
  for (const Alias& alias : node.info.aliases) {
    if (!alias.name.empty() && alias.name != name) names.push_back(alias.name);
  }
  for (const InputSpec& spec : node.inputs) inputs.push_back(input_json(spec));
  for (const OutputSpec& output : node.outputs) {
    outputs.push_back({{"name", output.name}, {"type", output.type}, {"help", output.help}});
  }
  return {{"name", name},
          {"display_name", node.display_name},
          {"category", node.info.category},
          {"help", node.info.help},
          {"other_names", std::move(names)},
          {"is_output", node.info.is_output},
          {"inputs", std::move(inputs)},
          {"outputs", std::move(outputs)}};
}

Response list_nodes(const Request&, Site& site) {
  Json body{{"nodes", Json::array()}};
  for (const std::string& name : site.registry.names()) {
    body["nodes"].push_back(node_json(name, *site.registry.find(name)));
  }
  return v1_response(body);
}

// With the files that each input may name now.
Response get_node(const Request& request, Site& site) {
  const std::string& name = request.captures[0];
  const NodeDeclaration* node = site.registry.find(name);
  if (!node) {
    return problem_response(
        404, "unknown_node",
        "unknown node \"" + name + "\"" + did_you_mean(name, site.registry.names()) + "; GET /v1/nodes lists them");
  }
  Json json = node_json(name, *node);
  for (size_t k = 0; k < node->inputs.size(); ++k) {
    if (node->inputs[k].is_file()) json["inputs"][k]["choices"] = file_choices(node->inputs[k], site.folders);
  }
  return v1_response(json);
}

}  // namespace

void add_node_routes(Routes& routes, Site& site) {
  const Json object{{"type", "object"}};
  routes.add({"GET", "/v1/nodes",
              [&site](const Request& request, Respond respond) { respond(list_nodes(request, site)); },
              Operation("Graphs", "All nodes with their inputs and outputs")
                  .gives(200, "By name; other names of a node are listed too.", object)});
  routes.add({"GET", "/v1/nodes/{name...}",
              [&site](const Request& request, Respond respond) { respond(get_node(request, site)); },
              Operation("Graphs", "One node, with the files that its inputs may name")
                  .gives(200, "The node.", object)
                  .refuses({{404, "Unknown."}})});
}

}  // namespace heddle::server
