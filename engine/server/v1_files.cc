// /v1/blobs: pictures by their hash. What was uploaded goes into jobs as {"blob": SHA-256}; outputs are found here too.
#include "engine/json_access.h"
#include "engine/server/blobs.h"
#include "engine/server/content_type.h"
#include "engine/server/job_json.h"
#include "engine/server/job_view.h"
#include "engine/server/openapi.h"
#include "engine/server/problem_json.h"
#include "engine/server/site.h"

namespace heddle::server {
namespace {

constexpr int kHolders = 10;  // jobs to look at for a file that may have been removed from some

Json blob_json(const std::string& sha256, uint64_t bytes) {
  return {{"sha256", sha256}, {"bytes", bytes}, {"url", "/v1/blobs/" + sha256}};
}

Response too_large(const Site& site) {
  return problem_response(413, "too_large", "a blob may have " + std::to_string(site.max_upload) + " bytes at most");
}

Response add_blob(const Request& request, const Site& site, const Blobs& blobs) {
  if (request.body.size() > site.max_upload) return too_large(site);
  const Blobs::Added added = blobs.add(request.body);
  Response response = v1_response(blob_json(added.sha256, request.body.size()), added.is_new ? 201 : 200);
  response.headers.emplace_back("Location", "/v1/blobs/" + added.sha256);
  return response;
}

Response put_blob(const Request& request, const Site& site, const Blobs& blobs) {
  const std::string& sha256 = request.captures[0];
  if (!is_sha256(sha256)) {
    return problem_response(422, "bad_hash", "the name of a blob is its SHA-256 in 64 lower-case digits");
  }
  const std::string actual = sha256_of(request.body);
  if (actual != sha256) {
    return problem_response(422, "wrong_hash", "the SHA-256 of the body is " + actual + ", not " + sha256);
  }
  return add_blob(request, site, blobs);
}

// What has a hash never changes.
Response immutable(Response response, const std::string& sha256) {
  response.headers.emplace_back("ETag", "\"" + sha256 + "\"");
  response.headers.emplace_back("Cache-Control", "private, max-age=31536000, immutable");
  return response;
}

std::optional<Response> find_output(const std::string& sha256, Site& site) {
  for (const std::string& id : site.store.jobs_with_file(sha256, kHolders)) {
    const auto job = site.store.find(id);
    if (!job) continue;
    const Json json = job_json(*job);
    for (const Json& output : items_of(member(json, "outputs"))) {
      if (text_or(member(output, "sha256"), "") != sha256) continue;
      Response response = output_response(output, site);
      if (response.status == 200) return immutable(std::move(response), sha256);
    }
  }
  return std::nullopt;
}

Response get_blob(const Request& request, Site& site, const Blobs& blobs) {
  const std::string& sha256 = request.captures[0];
  if (!is_sha256(sha256)) {
    return problem_response(404, "not_found", "the name of a blob is its SHA-256 in 64 lower-case digits");
  }
  if (auto path = blobs.find(sha256)) {
    Response response;
    response.type = content_type_of("x" + blobs.extension(sha256));
    response.file = std::move(path);
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    return immutable(std::move(response), sha256);
  }
  if (auto response = find_output(sha256, site)) return std::move(*response);
  return no_such("blob", sha256);
}

}  // namespace

void add_v1_file_routes(Routes& routes, Site& site) {
  const Blobs blobs(site.data / "blobs");
  const char* kTag = "Blobs";
  const auto answer = [&site, blobs](auto call) {
    return [&site, blobs, call](const Request& request, Respond respond) { respond(call(request, site, blobs)); };
  };
  routes.add({"POST", "/v1/blobs", answer(add_blob),
              Operation(kTag, "Upload a picture", "The hash in the answer goes into a job as {\"blob\": SHA-256}.")
                  .takes(nullptr, "", "application/octet-stream")
                  .gives(201, "New.", "Blob")
                  .gives(200, "Known.", "Blob")
                  .refuses({{413, "Too large."}})});
  routes.add({"PUT", "/v1/blobs/{sha256}", answer(put_blob),
              Operation(kTag, "Upload a picture whose hash is known", "HEAD tells whether that is needed.")
                  .takes(nullptr, "", "application/octet-stream")
                  .gives(201, "New.", "Blob")
                  .gives(200, "Known.", "Blob")
                  .refuses({{413, "Too large."}, {422, "The hash is another."}})});
  routes.add({"GET", "/v1/blobs/{sha256}", answer(get_blob),
              Operation(kTag, "An upload or an output by its hash")
                  .gives(200, "The file.", nullptr, "*/*")
                  .refuses({{404, "Unknown."}})});
}

}  // namespace heddle::server
