#include "engine/server/job_view.h"

#include <algorithm>
#include <map>

#include "engine/json_access.h"
#include "engine/server/content_type.h"
#include "engine/server/job_json.h"
#include "engine/server/problem_json.h"
#include "engine/server/v1_events.h"

namespace heddle::server {
namespace {

constexpr int kBatch = 1000;

struct StepState {
  const char* state = "waiting";
  Json seconds = nullptr;
};
using StepStates = std::map<std::string, StepState, std::less<>>;

// Events that are about one step name it by "step", others list them by "steps".
std::vector<std::string> steps_of(const JobEvent& event) {
  std::vector<std::string> steps;
  if (const Json& step = member(event.data, "step"); step.is_string()) steps.push_back(step.get<std::string>());
  for (const Json& step : items_of(member(event.data, "steps"))) {
    if (step.is_string()) steps.push_back(step.get<std::string>());
  }
  return steps;
}

void note(const JobEvent& event, StepStates& states, Json& warnings) {
  if (event.type == "warning") warnings.push_back(event.data);
  const bool is_cached = event.type == "cached" || is_true(member(event.data, "cached"));
  if (event.type != "cached" && event.type != "step_finished") return;
  for (const std::string& step : steps_of(event)) {
    StepState& state = states[step];
    state.state = is_cached ? "cached" : "finished";
    if (!is_cached) state.seconds = member(event.data, "seconds");
  }
}

Json steps_json(const JobRecord& job, const StepStates& states) {
  Json steps = Json::array();
  const Json& graph = member(job.request, "graph");
  if (!graph.is_object()) return steps;
  for (const auto& [id, step] : graph.items()) {
    const auto found = states.find(id);
    const StepState state = found == states.end() ? StepState{} : found->second;
    Json json{{"id", id}, {"node", member(step, "class_type")}};
    if (const Json& title = member(member(step, "_meta"), "title"); title.is_string()) json["title"] = title;
    json["state"] = state.state;
    if (state.seconds.is_number()) json["seconds"] = state.seconds;
    steps.push_back(std::move(json));
  }
  return steps;
}

Json progress_json(const JobProgress& progress, size_t done, size_t all) {
  const double share = progress.total > 0 ? double(progress.value) / double(progress.total) : 0;
  return {{"step", progress.step},
          {"node", progress.node},
          {"value", progress.value},
          {"total", progress.total},
          {"fraction", all ? std::min(1.0, (double(done) + share) / double(all)) : 0}};
}

std::optional<size_t> position_of(const std::string& job, const JobService& jobs) {
  const auto pending = jobs.queue().pending;
  for (size_t k = 0; k < pending.size(); ++k) {
    if (pending[k]->id == job) return k;
  }
  return std::nullopt;
}

void add_steps(Json& json, const JobRecord& job, const Site& site) {
  StepStates states;
  Json warnings = Json::array();
  int64_t after = 0;
  for (;;) {
    const std::vector<JobEvent> events = site.store.events(job.id, after, kBatch);
    for (const JobEvent& event : events) note(event, states, warnings);
    if (events.size() < size_t(kBatch)) break;
    after = events.back().number;
  }
  const size_t done = states.size();
  const auto progress = job.state == JobState::kRunning && site.events ? site.events->progress(job.id) : std::nullopt;
  if (progress && !states.contains(progress->step)) states[progress->step].state = "running";
  const Json& failed = member(member(job.result, "error"), "step");
  if (failed.is_string()) states[failed.get<std::string>()].state = "failed";
  Json steps = steps_json(job, states);
  if (progress) json["progress"] = progress_json(*progress, done, steps.size());
  json["steps"] = std::move(steps);
  if (!warnings.empty()) json["warnings"] = std::move(warnings);
}

}  // namespace

Json job_view(const JobRecord& job, const Site& site) {
  Json json = job_json(job);
  if (job.state == JobState::kQueued) {
    if (const auto position = position_of(job.id, site.jobs)) json["position"] = *position;
  }
  add_steps(json, job, site);
  return json;
}

std::optional<std::filesystem::path> output_file(const Json& output, const Folders& folders) {
  const std::string folder(text_or(member(output, "folder"), "output"));
  if (folder != "output" && folder != "temp" && folder != "input") return std::nullopt;
  const std::filesystem::path name =
      std::filesystem::path(text_or(member(output, "subfolder"), "")) / text_or(member(output, "filename"), "");
  auto path = folders.find(folder, name.generic_string());
  std::error_code error;
  const Json& bytes = member(output, "bytes");
  if (path && bytes.is_number() && std::filesystem::file_size(*path, error) != bytes.get<uint64_t>()) {
    return std::nullopt;
  }
  return path;
}

Response output_response(const Json& output, const Site& site) {
  const std::string filename(text_or(member(output, "filename"), ""));
  auto path = output_file(output, site.folders);
  const std::string_view sha256 = text_or(member(output, "sha256"), "");
  if (path && !sha256.empty()) {
    const auto known = site.jobs.workshop().hashes.remembered(*path);
    if (known && known->hex() != sha256) path.reset();
  }
  if (!path) {
    return problem_response(404, "output_gone",
                            "the file " + filename + " has been removed or replaced since the job made it");
  }
  Response response;
  response.type = text_or(member(output, "type"), "application/octet-stream");
  response.file = std::move(path);
  const char* how = is_active_content(response.type) ? "attachment; " : "inline; ";
  response.headers = {{"Content-Disposition", how + named_file(filename)}, {"X-Content-Type-Options", "nosniff"}};
  return response;
}

Response first_picture(const JobRecord& job, const Site& site) {
  const Json json = job_json(job);
  if (job.state != JobState::kSucceeded) {
    const std::string_view why = text_or(member(member(job.result, "error"), "message"), "it was cancelled");
    return problem_response(job.state == JobState::kFailed ? 500 : 409, "job_" + std::string(name_of(job.state)),
                            "job " + job.id + " made no picture: " + std::string(why), {{"job", json}});
  }
  for (const Json& output : items_of(member(json, "outputs"))) {
    if (!text_or(member(output, "type"), "").starts_with("image/")) continue;
    Response response = output_response(output, site);
    response.headers.emplace_back("Content-Location", std::string(text_or(member(output, "url"), "")));
    return response;
  }
  return problem_response(406, "no_picture", "job " + job.id + " is done and has saved no picture", {{"job", json}});
}

}  // namespace heddle::server
