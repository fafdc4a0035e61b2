// /v1/jobs, /v1/events and /v1/queue.
#include <charconv>

#include "engine/json_access.h"
#include "engine/server/job_body.h"
#include "engine/server/job_json.h"
#include "engine/server/job_remove.h"
#include "engine/server/job_submit.h"
#include "engine/server/job_view.h"
#include "engine/server/openapi.h"
#include "engine/server/problem_json.h"
#include "engine/server/site.h"
#include "engine/server/v1_events.h"

namespace heddle::server {
namespace {

constexpr int kUsualPage = 50, kLargestPage = 500;

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// A handler with the site, answering at once.
template <class Call>
LaterHandler answer(Site& site, Call call) {
  return [&site, call](const Request& request, Respond respond) { respond(call(request, site)); };
}

// --- one job

Response get_job(const Request& request, Site& site) {
  const auto job = site.jobs.find(request.captures[0]);
  return job ? v1_response(job_view(*job, site)) : no_such("job", request.captures[0]);
}

Response get_graph(const Request& request, Site& site) {
  const auto job = site.jobs.find(request.captures[0]);
  return job ? v1_response(member(job->request, "graph")) : no_such("job", request.captures[0]);
}

Response get_output(const Request& request, Site& site) {
  const auto job = site.jobs.find(request.captures[0]);
  if (!job) return no_such("job", request.captures[0]);
  const Json json = job_json(*job);
  const Json& outputs = member(json, "outputs");
  const auto number = whole_number(request.captures[1]);
  if (number && *number >= 0 && outputs.is_array() && size_t(*number) < outputs.size()) {
    return output_response(outputs[size_t(*number)], site);
  }
  return problem_response(404, "not_found",
                          "job " + job->id + " has no output " + request.captures[1] + "; it has " +
                              std::to_string(outputs.is_array() ? outputs.size() : 0));
}

void delete_job(const Request& request, Site& site, Respond respond) {
  const std::string id = request.captures[0];
  const bool results = request.parameter("results").value_or("") == "true";
  site.jobs.cancel(id, [&site, id, results, respond](CancelOutcome outcome) {
    if (outcome == CancelOutcome::kUnknown) return respond(no_such("job", id));
    if (outcome == CancelOutcome::kAlreadyOver && results) return remove_job(id, site, respond);
    respond(v1_response(
        {{"id", id}, {"outcome", outcome == CancelOutcome::kCancelled ? "cancelled" : "already_finished"}}));
  });
}

Response patch_job(const Request& request, Site& site) {
  const std::string& id = request.captures[0];
  if (!site.jobs.find(id)) return no_such("job", id);
  Json body;
  try {
    body = parse_json(request.body);
  } catch (const JsonError& error) {
    return problem_response(400, "malformed_json", std::string("the body is no JSON: ") + error.what());
  }
  const Json& priority = member(body, "priority");
  const Json& position = member(body, "position");
  const bool is_good = (priority.is_null() || priority.is_number_integer()) &&
                       (position.is_null() || (position.is_number_integer() && position >= 0)) &&
                       !(priority.is_null() && position.is_null());
  if (!is_good) {
    return problem_response(422, "malformed",
                            "expected {\"priority\": whole number} or {\"position\": 0 for the front, 1...}");
  }
  std::optional<int64_t> new_priority;
  std::optional<size_t> new_position;
  if (!priority.is_null()) new_priority = priority.get<int64_t>();
  if (!position.is_null()) new_position = position.get<size_t>();
  if (!site.jobs.move(id, new_priority, new_position)) {
    return problem_response(409, "not_queued", "job " + id + " does not wait any more");
  }
  return get_job(request, site);
}

// The same graph may find other models and nodes today.
void retry_job(const Request& request, Site& site, const std::shared_ptr<Alarm>& alarm, Respond respond) {
  const auto job = site.jobs.find(request.captures[0]);
  if (!job) return respond(no_such("job", request.captures[0]));
  Json again{{"graph", member(job->request, "graph")}};
  if (const Json& targets = member(job->request, "targets"); targets.is_array()) again["targets"] = targets;
  JobBody body = read_job_body(v1_text(again), site);
  Json kept = job->request;
  kept["graph"] = body.request.contains("graph") ? body.request["graph"] : Json::object();
  body.request = std::move(kept);
  body.priority = job->place.priority;
  submit_job(request, std::move(body), site, alarm, std::move(respond));
}

// --- many jobs

std::string next_page(const Request& request, int64_t after) {
  std::string address = "/v1/jobs?after=" + std::to_string(after);
  for (const char* name : {"state", "limit"}) {
    if (const auto value = request.parameter(name)) address += "&" + std::string(name) + "=" + percent_encoded(*value);
  }
  return address;
}

Response list_jobs(const Request& request, Site& site) {
  JobQuery query;
  query.without_request = true;
  query.limit = kUsualPage;
  if (const auto state = request.parameter("state")) {
    query.state = job_state_named(*state);
    if (!query.state) {
      return problem_response(400, "bad_state",
                              "state must be queued, running, succeeded, failed or cancelled, got \"" + *state + "\"");
    }
  }
  const auto after = whole_number(request.parameter("after").value_or("0"));
  const auto limit = whole_number(request.parameter("limit").value_or(std::to_string(kUsualPage)));
  if (!after || *after < 0) return problem_response(400, "bad_page", "after is taken from \"next\" of the page before");
  if (!limit || *limit < 1 || *limit > kLargestPage) return problem_response(400, "bad_page", "limit must be 1 to 500");
  query.after = *after;
  query.limit = int(*limit) + 1;  // one more tells whether there is another page
  std::vector<JobRecord> jobs = site.store.list(query);
  Json body{{"jobs", Json::array()}};
  const bool has_next = jobs.size() > size_t(*limit);
  if (has_next) jobs.pop_back();
  for (const JobRecord& job : jobs) body["jobs"].push_back(job_json(job));
  if (has_next) body["next"] = next_page(request, jobs.back().order);
  return v1_response(body);
}

Json queue_json(const Site& site) {
  const JobService::Queue queue = site.jobs.queue();
  Json running = Json::array(), queued = Json::array();
  for (const auto& job : queue.running) running.push_back(job_json(*job));
  for (const auto& job : queue.pending) {
    Json json = job_json(*job);
    json["position"] = queued.size();
    queued.push_back(std::move(json));
  }
  return {{"paused", queue.paused},
          {"remaining", running.size() + queued.size()},
          {"running", std::move(running)},
          {"queued", std::move(queued)}};
}

Response patch_queue(const Request& request, Site& site) {
  Json body;
  try {
    body = parse_json(request.body);
  } catch (const JsonError& error) {
    return problem_response(400, "malformed_json", std::string("the body is no JSON: ") + error.what());
  }
  const Json& paused = member(body, "paused");
  if (!paused.is_boolean()) {
    return problem_response(422, "malformed", "expected {\"paused\": true} or {\"paused\": false}");
  }
  site.jobs.pause(paused.get<bool>());
  return v1_response(queue_json(site));
}

// --- events

Response event_stream(Site& site, const std::string& job, int64_t after) {
  Response response;
  response.type = "text/event-stream";
  response.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  response.stream = [&site, job, after](std::shared_ptr<Stream> stream) {
    stream->write("retry: 1000\n\n");
    site.events->subscribe(std::move(stream), job, after);
  };
  return response;
}

// The number of the last event that the client has; `otherwise` without one, nothing for a wrong one.
std::optional<int64_t> last_event(const Request& request, int64_t otherwise) {
  if (const std::string_view header = request.header("last-event-id"); !header.empty()) return whole_number(header);
  if (const auto after = request.parameter("after")) return whole_number(*after);
  return otherwise;
}

Response bad_event_number() {
  return problem_response(400, "bad_event_number",
                          "Last-Event-ID and after must be the number of an event; 0 for all of them");
}

Response job_events(const Request& request, Site& site) {
  const std::string& id = request.captures[0];
  const auto job = site.jobs.find(id);
  if (!job) return no_such("job", id);
  const auto after = last_event(request, 0);
  if (!after || *after < 0) return bad_event_number();
  // Tells a browser's EventSource not to come back.
  if (is_over(job->state) && site.store.events(id, *after, 1).empty()) return empty_response(204);
  return event_stream(site, id, *after);
}

Response all_events(const Request& request, Site& site) {
  const auto after = last_event(request, site.store.last_event_number());
  if (!after || *after < 0) return bad_event_number();
  return event_stream(site, "", *after);
}

// --- what is said of them

constexpr const char* kWait =
    "Seconds to wait for the end, at most 300. Then the answer is the finished job, or 202 if it still runs.";

Json about_submit() {
  return Operation("Jobs", "Run a graph or a pipeline",
                   "Answered once the job is on disk. With wait and Accept: image/png the answer is the first picture "
                   "itself. "
                   "A graph with any problem is refused whole, with all problems.")
      .query("wait", "integer", kWait)
      .header("Idempotency-Key", "The same key with the same request gives the same job.")
      .header("Accept", "image/* for the picture, with wait.")
      .takes("JobRequest")
      .gives(201, "A new job; with wait, when it is over.", "Job")
      .gives(200, "The job that the key stands for, or the picture.", "Job")
      .gives(200, "The job that the key stands for, or the picture.", nullptr, "image/*")
      .gives(202, "It still runs after the wait.", "Job")
      .refuses({{400, "No JSON."},
                {409, "The key or the id stands for another job."},
                {422, "All that is wrong."},
                {429, "The queue is full; see Retry-After."}});
}

Json about_events(const char* summary) {
  return Operation(
             "Events", summary,
             "Server-sent events. Kept ones have an id: queued, started, cached, step_finished, warning, requeued, "
             "succeeded, failed, cancelled. Passing ones have none: step_started, progress.")
      .query("after", "integer", "As Last-Event-ID, which counts more.")
      .header("Last-Event-ID", "Number of the last event the client has: all kept ones after it are sent first.")
      .gives(200, "Events until the client goes, or the job ends.", Json{{"type", "string"}}, "text/event-stream")
      .refuses({{400, "No number."}, {404, "Unknown job."}});
}

void add_job_routes(Routes& routes, Site& site) {
  const auto alarm = std::make_shared<Alarm>();
  routes.add({"POST", "/v1/jobs",
              [&site, alarm](const Request& request, Respond respond) {
                submit_job(request, read_job_body(request.body, site), site, alarm, std::move(respond));
              },
              about_submit()});
  routes.add({"GET", "/v1/jobs", answer(site, list_jobs),
              Operation("Jobs", "Jobs in pages, newest first")
                  .query("state", "string", "queued, running, succeeded, failed or cancelled")
                  .query("after", "integer", "From next of the page before.")
                  .query("limit", "integer", "1 to 500, usually 50.")
                  .gives(200, "A page.", "JobList")
                  .refuses({{400, "A wrong parameter."}})});
  routes.add({"GET", "/v1/jobs/{id}", answer(site, get_job),
              Operation("Jobs", "State, place, progress, steps and outputs of a job")
                  .gives(200, "The job.", "Job")
                  .refuses({{404, "Unknown."}})});
  routes.add(
      {"PATCH", "/v1/jobs/{id}", answer(site, patch_job),
       Operation("Jobs", "Move a waiting job")
           .takes(Json{{"type", "object"},
                       {"properties", {{"priority", {{"type", "integer"}}}, {"position", {{"type", "integer"}}}}}})
           .gives(200, "The job.", "Job")
           .refuses(
               {{404, "Unknown."}, {409, "It does not wait any more."}, {422, "Neither priority nor position."}})});
  routes.add(
      {"DELETE", "/v1/jobs/{id}",
       [&site](const Request& request, Respond respond) { delete_job(request, site, std::move(respond)); },
       Operation("Jobs", "Cancel this job and no other",
                 "outcome is cancelled or already_finished; with results=true a finished job is removed with its "
                 "output files, those that another job has made too excepted, and outcome is removed.")
           .query("results", "boolean", "true: remove a finished job and its files.")
           .gives(200, "What came of it.",
                  Json{{"type", "object"},
                       {"properties", {{"id", {{"type", "string"}}}, {"outcome", {{"type", "string"}}}}}})
           .refuses({{404, "Unknown."}})});
  routes.add(
      {"POST", "/v1/jobs/{id}/retry",
       [&site, alarm](const Request& request, Respond respond) { retry_job(request, site, alarm, std::move(respond)); },
       Operation("Jobs", "Run the same request again as a new job")
           .query("wait", "integer", kWait)
           .gives(201, "The new job.", "Job")
           .refuses({{404, "Unknown."},
                     {422, "The graph does not fit this server any more."},
                     {429, "The queue is full."}})});
  routes.add({"GET", "/v1/jobs/{id}/graph", answer(site, get_graph),
              Operation("Jobs", "The graph of a job in API format")
                  .gives(200, "The graph.", Json{{"type", "object"}})
                  .refuses({{404, "Unknown."}})});
  routes.add({"GET", "/v1/jobs/{id}/outputs/{number}", answer(site, get_output),
              Operation("Jobs", "A file that a job has made")
                  .gives(200, "The file.", nullptr, "*/*")
                  .refuses({{404, "Unknown or gone."}})});
}

}  // namespace

void add_v1_job_routes(Routes& routes, Site& site) {
  add_job_routes(routes, site);
  routes.add({"GET", "/v1/jobs/{id}/events", answer(site, job_events),
              about_events("What happens in a job, from its beginning")});
  routes.add({"GET", "/v1/events", answer(site, all_events), about_events("What happens in all jobs, from now on")});
  routes.add({"GET", "/v1/queue",
              answer(site, [](const Request&, Site& site) { return v1_response(queue_json(site)); }),
              Operation("Jobs", "What runs and what waits, the next one first").gives(200, "The queue.", "Queue")});
  routes.add({"PATCH", "/v1/queue", answer(site, patch_queue),
              Operation("Jobs", "Pause the queue, or let it go on",
                        "A running job is left to finish. A pause outlives a restart.")
                  .takes(Json{{"type", "object"}, {"properties", {{"paused", {{"type", "boolean"}}}}}})
                  .gives(200, "The queue.", "Queue")
                  .refuses({{422, "No paused."}})});
}

}  // namespace heddle::server
