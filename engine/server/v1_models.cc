// /v1/models: model files, with their family and hash as far as they are known.
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "engine/file_identity.h"
#include "engine/server/model_preview.h"
#include "engine/server/openapi.h"
#include "engine/server/problem_json.h"
#include "engine/server/v1_catalogue.h"

namespace heddle::server {
namespace {

namespace fs = std::filesystem;

// Looking into a file takes milliseconds, and there may be thousands of them.
class Inspector {
 public:
  explicit Inspector(Backend& backend) : backend_(backend) {}

  Json inspect(const fs::path& file) {
    struct stat status;
    if (::stat(file.c_str(), &status) != 0) return Json::object();
    const FileIdentity identity = identity_of(status);
    {
      const std::lock_guard lock(mutex_);
      const auto found = known_.find(file);
      if (found != known_.end() && found->second.first == identity) return found->second.second;
    }
    Json facts = look(file);
    const std::lock_guard lock(mutex_);
    known_[file] = {identity, facts};
    return facts;
  }

 private:
  Json look(const fs::path& file) const {
    try {
      Json facts = backend_.inspect(file);
      if (has_cover_inside(file)) facts["cover"] = true;
      return facts;
    } catch (const std::exception& error) {
      return {{"problem", error.what()}};
    }
  }

  Backend& backend_;
  std::mutex mutex_;
  std::map<fs::path, std::pair<FileIdentity, Json>> known_;
};

std::optional<Key> hash_of(const fs::path& file, FileHashes& hashes, bool compute) {
  return compute ? std::optional(hashes.hash(file)) : hashes.remembered(file);
}

// Which of the folders of its kind the file is in.
size_t place_of(const std::vector<fs::path>& roots, const std::string& name, const fs::path& file) {
  const auto found = std::find_if(roots.begin(), roots.end(), [&](const fs::path& root) { return root / name == file; });
  return size_t(found - roots.begin());
}

Json model_json(const std::string& kind, const std::string& name, const fs::path& file, const Site& site,
                Inspector& inspector, bool compute_hash) {
  Json json{{"kind", kind}, {"name", name}};
  std::error_code error;
  const uintmax_t bytes = fs::file_size(file, error);
  if (!error) json["bytes"] = bytes;
  const Json facts = inspector.inspect(file);
  for (const char* fact : {"family", "problem"}) {
    if (facts.contains(fact)) json[fact] = facts[fact];
  }
  const auto hash = hash_of(file, site.jobs.workshop().hashes, compute_hash);
  if (hash) json["sha256"] = hash->hex();
  json["url"] = "/v1/models/" + percent_encoded(kind) + "/" + percent_encoded(name);
  if (has_picture_beside(file) || facts.contains("cover")) {
    const size_t place = place_of(site.folders.models.find(kind)->second, name, file);
    json["preview"] = "/experiment/models/preview/" + kind + "/" + std::to_string(place) + "/" + percent_encoded(name);
  }
  return json;
}

bool wants_hash(const Request& request) { return request.parameter("hash").value_or("") == "true"; }

Response list_models(const Request& request, Site& site, Inspector& inspector) {
  const auto wanted = request.parameter("kind");
  if (wanted && !site.folders.models.contains(*wanted)) return no_such("kind of models", *wanted);
  Json body{{"models", Json::array()}};
  for (const auto& [kind, roots] : site.folders.models) {
    if (wanted && kind != *wanted) continue;
    for (const std::string& name : site.folders.list(kind)) {
      const auto file = site.folders.find(kind, name);  // or it has gone since it was listed
      if (file) body["models"].push_back(model_json(kind, name, *file, site, inspector, wants_hash(request)));
    }
  }
  return v1_response(body);
}

Response get_model(const Request& request, Site& site, Inspector& inspector) {
  const std::string &kind = request.captures[0], &name = request.captures[1];
  if (!site.folders.models.contains(kind)) return no_such("kind of models", kind);
  const auto file = site.folders.find(kind, name);
  if (!file) {
    return problem_response(
        404, "not_found", "there is no file \"" + name + "\" in " + kind + did_you_mean(name, site.folders.list(kind)));
  }
  Json json = model_json(kind, name, *file, site, inspector, wants_hash(request));
  json["facts"] = inspector.inspect(*file);
  return v1_response(json);
}

}  // namespace

void add_model_routes(Routes& routes, Site& site) {
  const auto inspector = std::make_shared<Inspector>(site.backend);
  const auto answer = [&site, inspector](auto call) {
    return
        [&site, inspector, call](const Request& request, Respond respond) { respond(call(request, site, *inspector)); };
  };
  constexpr const char* kHash = "true: hash files that have not been hashed yet, which takes seconds a gigabyte.";
  const Json object{{"type", "object"}};
  routes.add({"GET", "/v1/models", answer(list_models),
              Operation("Graphs", "Model files with family, and SHA-256 where it is known")
                  .query("kind", "string", "checkpoints, loras...")
                  .query("hash", "boolean", kHash)
                  .gives(200, "By kind and name.", object)
                  .refuses({{404, "No such kind."}})});
  routes.add({"GET", "/v1/models/{kind}/{name...}", answer(get_model),
              Operation("Graphs", "One model file and what is known of it")
                  .query("hash", "boolean", kHash)
                  .gives(200, "The file.", object)
                  .refuses({{404, "Unknown."}})});
}

}  // namespace heddle::server
