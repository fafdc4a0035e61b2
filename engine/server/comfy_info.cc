// ComfyUI's routes that tell what the server has: nodes, models, itself.
#include "engine/server/comfy_info.h"

#include <unistd.h>

#include "engine/object_info.h"
#include "engine/server/comfy_models.h"
#include "engine/server/model_folders.h"
#include "engine/server/refusal.h"
#include "engine/server/system_memory.h"
#include "engine/version.h"

namespace heddle::server {
namespace fs = std::filesystem;
namespace {

// Made anew for each request: what was uploaded a moment ago is among the choices.
Response all_nodes(const Site& site) {
  Json info = object_info(site.registry, site.folders);
  for (const std::string& name : site.registry.announced()) info[name] = missing_node_info(name, *site.registry.missing_topic(name));
  return json_response(info);
}

// {} for an unknown node, and 200: clients ask for nodes that may be there or not.
Response one_node(const Site& site, const std::string& name) {
  Json info = Json::object();
  const NodeDeclaration* node = site.registry.find(name);
  if (node != nullptr) info[name] = node_info(*node, name, site.folders);
  return json_response(info);
}

// There is no Python, and no package of ComfyUI's frontend that could be too old: what would tell of these is left out,
// but for the one key that clients show without asking whether it is there.
Response system_stats(const Site& site) {
  const SystemMemory memory = system_memory();
  const SystemInfo system = site.backend.system_info();
  Json about = {{"os", "posix"},
                {"ram_total", memory.total},
                {"ram_free", memory.free},
                {"comfyui_version", kComfyVersion},
                {"python_version", "none"},
                {"pytorch_version", system.libtorch},
                {"embedded_python", false},
                {"argv", site.arguments},
                {"heddle_version", version()},
                {"processor", system.processor},
                {"precision", system.precision}};
  Json device = {{"name", "cpu"},
                 {"type", "cpu"},
                 {"index", nullptr},
                 {"vram_total", memory.total},
                 {"vram_free", memory.free},
                 {"torch_vram_total", memory.total},
                 {"torch_vram_free", memory.free}};
  return json_response({{"system", std::move(about)}, {"devices", Json::array({std::move(device)})}});
}

Handler always(Json body) {
  return [body = std::move(body)](const Request&) { return json_response(body); };
}

}  // namespace

Json server_features(const Site& site) {
  return {{"supports_preview_metadata", true}, {"max_upload_size", site.max_upload}};
}

void add_comfy_info_routes(Routes& routes, Site& site) {
  routes.add_both("GET", "/object_info", Handler([&site](const Request&) { return all_nodes(site); }));
  routes.add_both("GET", "/object_info/{class}",
                  Handler([&site](const Request& request) { return one_node(site, request.captures.at(0)); }));
  routes.add_both("GET", "/system_stats", Handler([&site](const Request&) { return system_stats(site); }));
  routes.add_both("GET", "/features",
                  Handler([&site](const Request&) { return json_response(server_features(site)); }));

  // What packages of custom nodes bring along. heddle loads no Python, so there are none, and nothing of theirs.
  routes.add_both("GET", "/extensions", always(Json::array()));
  routes.add_both("GET", "/i18n", always(Json::object()));
  routes.add_both("GET", "/workflow_templates", always(Json::object()));
  // Newer frontends ask for these as well, of the same packages.
  routes.add_both("GET", "/node_replacements", always(Json::object()));
  routes.add_both("GET", "/global_subgraphs", always(Json::object()));

  add_comfy_model_routes(routes, site);
}

}  // namespace heddle::server
