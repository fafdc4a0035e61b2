// ComfyUI's routes for users and settings. There is one user, "default", as in ComfyUI without --multi-user; the header
// comfy-user is not looked at.
#include <memory>

#include "engine/json_access.h"
#include "engine/server/comfy_userdata.h"
#include "engine/server/refusal.h"
#include "engine/server/settings_file.h"
#include "engine/server/site.h"

namespace heddle::server {
namespace fs = std::filesystem;
namespace {

constexpr const char* kUser = "default";

Response users(const fs::path& user_folder) {
  return json_response({{"storage", "server"}, {"migrated", fs::is_directory(user_folder)}});
}

// ComfyUI would note a name that nothing ever uses. The form of the answer is its own, for a name that is taken.
Response new_user(const Request& request) {
  const Json body = object_body(request);
  const std::string_view name = text_or(member(body, "username"), "");
  if (name.empty()) throw Refusal(400, "the body names no user; expected {\"username\": NAME}");
  if (name == kUser) return json_response({{"error", "Duplicate username."}}, 400);
  return json_response({{"error", "This server has one user and takes no others."}}, 400);
}

Response merge(SettingsFile& file, const Request& request) {
  const Json body = object_body(request);
  file.change([&](Json& settings) { settings.update(body); });
  return empty_response();
}

Response set_one(SettingsFile& file, const Request& request) {
  const Json value = json_body(request);
  file.change([&](Json& settings) { settings[request.captures.at(0)] = value; });
  return empty_response();
}

void add_settings_routes(Routes& routes, const std::shared_ptr<SettingsFile>& file) {
  routes.add_both("GET", "/settings", Handler([file](const Request&) { return json_response(file->read()); }));
  routes.add_both("POST", "/settings",
                  answering_refusals([file](const Request& request) { return merge(*file, request); }));
  routes.add_both("GET", "/settings/{id}", Handler([file](const Request& request) {
                    return json_response(member(file->read(), request.captures.at(0)));
                  }));
  routes.add_both("POST", "/settings/{id}",
                  answering_refusals([file](const Request& request) { return set_one(*file, request); }));
}

}  // namespace

void add_comfy_user_routes(Routes& routes, Site& site) {
  const fs::path folder = site.folders.user / kUser;
  routes.add_both("GET", "/users", Handler([folder](const Request&) { return users(folder); }));
  routes.add_both("POST", "/users", answering_refusals(new_user));
  add_settings_routes(routes, std::make_shared<SettingsFile>(folder / "comfy.settings.json", site.clock));
  add_comfy_userdata_routes(routes, folder);
}

}  // namespace heddle::server
