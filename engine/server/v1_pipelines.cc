// /v1/pipelines: saved graphs as functions, with every revision they ever had.
#include "engine/json_access.h"
#include "engine/server/job_body.h"
#include "engine/server/job_json.h"
#include "engine/server/job_submit.h"
#include "engine/server/openapi.h"
#include "engine/server/pipeline_schema.h"
#include "engine/server/pipeline_shelf.h"
#include "engine/server/problem_json.h"
#include "engine/server/site.h"

namespace heddle::server {
namespace {

Json revision_json(const PipelineRevision& revision) {
  return {{"name", revision.name},
          {"revision", revision.number},
          {"sha256", revision.sha256},
          {"saved", time_text(revision.time)}};
}

// Without the document: that is asked for one by one.
Json entry_json(const PipelineShelf::Entry& entry, const Site& site) {
  Problems unread;  // it was saved all the same, and says so when it is run
  const Pipeline pipeline = parse_pipeline(entry.revision.document, unread);
  Json json = revision_json(entry.revision);
  json["title"] = pipeline.title;
  json["help"] = pipeline.help;
  json["read_only"] = entry.read_only;
  json["inputs"] = pipeline_schema(pipeline, site.registry, site.folders);
  Json outputs = Json::object();
  for (const PipelineOutput& output : pipeline.outputs) outputs[output.name] = {output.step, output.slot};
  json["outputs"] = std::move(outputs);
  json["url"] = "/v1/pipelines/" + percent_encoded(entry.revision.name);
  if (!unread.empty()) json["problems"] = problems_json(unread);
  return json;
}

Response no_pipeline(const std::string& name, Site& site) {
  const PipelineName wanted = split_pipeline_name(name);
  return problem_response(404, "unknown_pipeline",
                          "there is no pipeline \"" + name + "\"" + did_you_mean(wanted.name, site.pipelines->names()) +
                              "; GET /v1/pipelines lists them");
}

std::optional<PipelineShelf::Entry> find(const std::string& text, Site& site) {
  const PipelineName wanted = split_pipeline_name(text);
  return site.pipelines->find(wanted.name, wanted.revision);
}

// A file that somebody has broken by hand is not the server's failure.
template <class Call>
LaterHandler answer_checked(Site& site, Call call) {
  return [&site, call](const Request& request, Respond respond) {
    try {
      respond(call(request, site));
    } catch (const JsonError& error) {
      respond(problem_response(422, "malformed_json", error.what()));
    }
  };
}

Response list(const Request&, Site& site) {
  Json body{{"pipelines", Json::array()}};
  for (const PipelineShelf::Entry& entry : site.pipelines->list()) body["pipelines"].push_back(entry_json(entry, site));
  return v1_response(body);
}

Response get(const Request& request, Site& site) {
  const auto entry = find(request.captures[0], site);
  if (!entry) return no_pipeline(request.captures[0], site);
  Json json = entry_json(*entry, site);
  json["document"] = entry->revision.document;
  Response response = v1_response(json);
  response.headers.emplace_back("ETag", "\"" + entry->revision.sha256 + "\"");
  return response;
}

Response get_schema(const Request& request, Site& site) {
  const auto entry = find(request.captures[0], site);
  if (!entry) return no_pipeline(request.captures[0], site);
  return v1_response(entry_json(*entry, site)["inputs"]);
}

Response get_revisions(const Request& request, Site& site) {
  const std::string& name = request.captures[0];
  const std::vector<PipelineRevision> revisions = site.pipelines->revisions(name);
  if (revisions.empty()) return no_pipeline(name, site);
  Json body{{"name", name}, {"revisions", Json::array()}};
  for (const PipelineRevision& revision : revisions) body["revisions"].push_back(revision_json(revision));
  return v1_response(body);
}

// Nothing if the header agrees with the newest revision, or there is none.
std::optional<Response> stale(const Request& request, const std::string& name, Site& site) {
  const std::string_view expected = request.header("if-match");
  if (expected.empty()) return std::nullopt;
  const auto entry = site.pipelines->find(name);
  if (entry && (expected == "*" || expected == "\"" + entry->revision.sha256 + "\"")) return std::nullopt;
  return problem_response(412, "changed",
                          "pipeline \"" + name + "\" has been changed since it was read; read it again");
}

Response put(const Request& request, Site& site) {
  const std::string& name = request.captures[0];
  if (const auto problem = pipeline_name_problem(name)) return problem_response(422, "bad_name", *problem);
  Json document;
  try {
    document = parse_json(request.body);
  } catch (const JsonError& error) {
    return problem_response(400, "malformed_json", std::string("the body is no JSON: ") + error.what());
  }
  if (!is_pipeline(document)) {
    return problem_response(
        422, "no_pipeline",
        "the body must be a pipeline: {\"heddle\": \"pipeline/1\", \"inputs\": ..., \"graph\": ...}");
  }
  Problems problems;
  parse_pipeline(document, problems);
  if (!problems.empty()) return invalid_response(problems);
  if (auto refusal = stale(request, name, site)) return std::move(*refusal);
  const PipelineShelf::Saved saved = site.pipelines->save(name, document);
  Response response = v1_response(revision_json(saved.revision), saved.is_new ? 201 : 200);
  response.headers = {{"Location", "/v1/pipelines/" + percent_encoded(name)},
                      {"ETag", "\"" + saved.revision.sha256 + "\""}};
  return response;
}

Response remove(const Request& request, Site& site) {
  const std::string& name = request.captures[0];
  switch (site.pipelines->remove(name)) {
    case PipelineShelf::Removed::kYes: return v1_response({{"name", name}, {"outcome", "removed"}});
    case PipelineShelf::Removed::kUnknown: return no_pipeline(name, site);
    case PipelineShelf::Removed::kReadOnly: break;
  }
  return problem_response(
      409, "read_only", "pipeline \"" + name + "\" comes with the program; one that is saved under its name hides it");
}

void run(const Request& request, Site& site, const std::shared_ptr<Alarm>& alarm, Respond respond) {
  const std::string& name = request.captures[0];
  try {
    if (!find(name, site)) return respond(no_pipeline(name, site));
  } catch (const JsonError& error) {
    return respond(problem_response(422, "malformed_json", error.what()));
  }
  submit_job(request, read_job_body(request.body, site, name), site, alarm, std::move(respond));
}

Json object(Json properties) { return {{"type", "object"}, {"properties", std::move(properties)}}; }

Json run_schema() {
  return object({{"inputs", {{"type", "object"}, {"description", "By name, as the pipeline's schema says."}}},
                 {"targets", {{"type", "array"}, {"items", {{"type", "string"}}}}},
                 {"priority", {{"type", "integer"}}},
                 {"webhook", {{"type", "object"}}},
                 {"metadata", {{"type", "boolean"}}},
                 {"client_id", {{"type", "string"}}},
                 {"id", {{"type", "string"}}}});
}

}  // namespace

void add_v1_pipeline_routes(Routes& routes, Site& site) {
  const char* kTag = "Pipelines";
  routes.add({"GET", "/v1/pipelines", answer_checked(site, list),
              Operation(kTag, "Saved pipelines").gives(200, "Newest revisions, by name.", "PipelineList")});
  routes.add({"GET", "/v1/pipelines/{name}", answer_checked(site, get),
              Operation(kTag, "A pipeline; NAME@REVISION for one of its past",
                        "REVISION is a number or the beginning of a SHA-256, everywhere.")
                  .gives(200, "With its document and what it takes.", "Pipeline")
                  .refuses({{404, "Unknown."}})});
  routes.add({"PUT", "/v1/pipelines/{name}", answer_checked(site, put),
              Operation(kTag, "Save a pipeline",
                        "Makes a new revision unless the document is the newest one already. Revisions never change.")
                  .header("If-Match", "ETag of the revision that was read; 412 if there is a newer one.")
                  .takes(Json{{"type", "object"}}, "A pipeline document.")
                  .gives(201, "A new revision.", "Pipeline")
                  .gives(200, "Nothing new.", "Pipeline")
                  .refuses({{400, "No JSON."}, {412, "It has changed."}, {422, "No pipeline, or a bad name."}})});
  routes.add({"DELETE", "/v1/pipelines/{name}", answer_checked(site, remove),
              Operation(kTag, "Remove a pipeline and all its revisions")
                  .gives(200, "Removed.")
                  .refuses({{404, "Unknown."}, {409, "It comes with the program."}})});
  routes.add({"GET", "/v1/pipelines/{name}/revisions", answer_checked(site, get_revisions),
              Operation(kTag, "All revisions, oldest first")
                  .gives(200, "Number, SHA-256 and time of each.")
                  .refuses({{404, "Unknown."}})});
  routes.add({"GET", "/v1/pipelines/{name}/schema", answer_checked(site, get_schema),
              Operation(kTag, "What a pipeline takes, as JSON Schema")
                  .gives(200, "The schema.", Json{{"type", "object"}})
                  .refuses({{404, "Unknown."}})});
  const auto alarm = std::make_shared<Alarm>();
  routes.add(
      {"POST", "/v1/pipelines/{name}/runs",
       [&site, alarm](const Request& request, Respond respond) { run(request, site, alarm, std::move(respond)); },
       Operation(kTag, "Run a pipeline", "As POST /v1/jobs, with all that goes with it.")
           .query("wait", "integer", "Seconds to wait for the end, at most 300.")
           .header("Idempotency-Key", "The same key with the same request gives the same job.")
           .header("Accept", "image/* for the picture, with wait.")
           .takes(run_schema())
           .gives(201, "A new job.", "Job")
           .gives(202, "It still runs after the wait.", "Job")
           .gives(200, "The picture.", nullptr, "image/*")
           .refuses({{404, "Unknown pipeline or revision."},
                     {422, "Wrong inputs; lists the right ones."},
                     {429, "The queue is full."}})});
}

}  // namespace heddle::server
