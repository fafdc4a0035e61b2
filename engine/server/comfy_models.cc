#include "engine/server/comfy_models.h"

#include <charconv>

#include "engine/server/listing.h"
#include "engine/server/model_folders.h"
#include "engine/server/model_preview.h"
#include "engine/server/refusal.h"

namespace heddle::server {
namespace fs = std::filesystem;
namespace {

const std::string& key_of(const Site& site, const Request& request) {
  const std::string& key = request.captures.at(0);
  if (is_model_key(site.folders, key)) return key;
  throw Refusal(404, "there is no folder of models of that name; /models lists them");
}

Json paths_of(const std::vector<fs::path>& roots) {
  Json paths = Json::array();
  for (const fs::path& root : roots) paths.push_back(fs::absolute(root).lexically_normal().string());
  return paths;
}

Response models_of(const Site& site, const Request& request) {
  return json_response(site.folders.list(key_of(site, request)));
}

// Names without extension, as prompts mention them.
Response embeddings(const Site& site) {
  Json names = Json::array();
  for (const std::string& file : site.folders.list("embeddings")) {
    names.push_back(fs::path(file).replace_extension().generic_string());
  }
  return json_response(names);
}

// For the browser of models: without what holds no models.
Response model_library(const Site& site) {
  Json folders = Json::array();
  for (const std::string& key : model_keys(site.folders)) {
    if (key == "configs" || key == "custom_nodes") continue;
    folders.push_back({{"name", key}, {"folders", paths_of(model_roots(site.folders, key))}});
  }
  return json_response(folders);
}

Response library_folder(const Site& site, const Request& request) {
  const std::string& key = key_of(site, request);
  Json models = Json::array();
  size_t index = 0;
  for (const fs::path& root : model_roots(site.folders, key)) {
    for (const std::string& name : models_in(root, key)) {
      const std::optional<ListedFile> file = about_file(root / name, name);
      if (!file || is_hidden(name)) continue;
      models.push_back({{"name", name},
                        {"pathIndex", index},
                        {"modified", file->modified},
                        {"created", file->created},
                        {"size", file->size}});
    }
    ++index;
  }
  return json_response(models);
}

std::optional<fs::path> numbered_model(const Site& site, const Request& request) {
  const std::string& key = key_of(site, request);
  const std::string& number = request.captures.at(1);
  const std::vector<fs::path>& roots = model_roots(site.folders, key);
  size_t index = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), index);
  if (error != std::errc() || end != number.data() + number.size() || index >= roots.size()) return std::nullopt;
  return model_in(roots[index], key, request.captures.at(2));
}

Response preview(const Site& site, const Request& request) {
  const std::optional<fs::path> model = numbered_model(site, request);
  if (!model) throw Refusal(404, "there is no such model");
  std::optional<std::string> picture = model_preview(*model);
  if (!picture) throw Refusal(404, "the model has no preview");
  Response response;
  response.type = "image/webp";
  response.body = std::move(*picture);
  return response;
}

Response folder_paths(const Site& site) {
  Json paths = Json::object();
  for (const std::string& key : model_keys(site.folders)) paths[key] = paths_of(model_roots(site.folders, key));
  return json_response(paths);
}

}  // namespace

void add_comfy_model_routes(Routes& routes, Site& site) {
  const auto with_site = [&site](Response (*handler)(const Site&, const Request&)) {
    return answering_refusals([&site, handler](const Request& request) { return handler(site, request); });
  };
  routes.add_both("GET", "/models",
                  Handler([&site](const Request&) { return json_response(model_keys(site.folders)); }));
  routes.add_both("GET", "/models/{folder}", with_site(models_of));
  routes.add_both("GET", "/embeddings", Handler([&site](const Request&) { return embeddings(site); }));
  routes.add_both("GET", "/experiment/models", Handler([&site](const Request&) { return model_library(site); }));
  routes.add_both("GET", "/experiment/models/{folder}", with_site(library_folder));
  routes.add_both("GET", "/experiment/models/preview/{folder}/{index}/{name...}", with_site(preview));
  routes.add("GET", "/internal/folder_paths", Handler([&site](const Request&) { return folder_paths(site); }));
}

}  // namespace heddle::server
