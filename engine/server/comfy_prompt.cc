// ComfyUI's routes for jobs: prompt, queue, history, interrupt, free (comfyui_spec.md section 1.4).
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>

#include "engine/json_access.h"
#include "engine/server/comfy_body.h"
#include "engine/server/comfy_events.h"
#include "engine/server/comfy_validation.h"
#include "engine/server/disk_space.h"
#include "engine/server/site.h"

namespace heddle::server {
namespace {

Json error_object(const std::string& type, const std::string& message, const std::string& details) {
  return {{"type", type}, {"message", message}, {"details", details}, {"extra_info", Json::object()}};
}

Response refused(const Json& error, const Json& node_errors = Json::object(), int status = 400) {
  return json_response({{"error", error}, {"node_errors", node_errors}}, status);
}

// A number from the queue's counter is whole, and written so.
Json number_json(double number) {
  const bool is_whole = std::floor(number) == number && std::abs(number) < 1e15;
  return is_whole ? Json(int64_t(number)) : Json(number);
}

// The item of /queue, and "prompt" of a history entry.
Json queue_item(const JobRecord& job) {
  const Json& extra = member(job.request, "extra_data");
  const Json& targets = member(job.request, "targets");
  return Json::array({number_json(job.place.number), job.id, member(job.request, "graph"),
                      extra.is_object() ? extra : Json::object(), targets.is_array() ? targets : Json::array()});
}

Json history_messages(const JobRecord& job) {
  Json messages = Json::array();
  messages.push_back({"execution_start", {{"prompt_id", job.id}, {"timestamp", job.started}}});
  const Json& cached = member(job.result, "cached_steps");
  if (cached.is_array()) {
    messages.push_back({"execution_cached", {{"nodes", cached}, {"prompt_id", job.id}, {"timestamp", job.started}}});
  }
  if (job.state == JobState::kSucceeded) {
    messages.push_back({"execution_success", {{"prompt_id", job.id}, {"timestamp", job.finished}}});
  } else {
    messages.push_back({job.state == JobState::kFailed ? "execution_error" : "execution_interrupted", failure_data(job)});
  }
  return messages;
}

Json history_entry(const JobRecord& job) {
  const Json& outputs = member(job.result, "outputs");
  Json meta = Json::object();
  if (outputs.is_object()) {
    for (const auto& [step, shown] : outputs.items()) {
      meta[step] = {{"node_id", step}, {"display_node", step}, {"parent_node", nullptr}, {"real_node_id", step}};
    }
  }
  const bool succeeded = job.state == JobState::kSucceeded;
  return {{"prompt", queue_item(job)},
          {"outputs", outputs.is_object() ? outputs : Json::object()},
          {"status",
           {{"status_str", succeeded ? "success" : "error"}, {"completed", succeeded}, {"messages", history_messages(job)}}},
          {"meta", std::move(meta)}};
}

// What ComfyUI's own services would need is not kept.
Json kept_extra_data(const Json& body, const std::string& client) {
  Json extra = member(body, "extra_data");
  if (!extra.is_object()) extra = Json::object();
  for (const char* secret : {"auth_token_comfy_org", "api_key_comfy_org"}) extra.erase(secret);
  if (!client.empty()) extra["client_id"] = client;
  return extra;
}

std::string text_of(const Json& value) {
  return value.is_null() ? "" : value.is_string() ? value.get<std::string>() : dump_python(value);
}

std::optional<std::vector<std::string>> partial_targets(const Json& body) {
  const Json& wanted = member(body, "partial_execution_targets");
  if (!wanted.is_array()) return std::nullopt;
  std::vector<std::string> targets;
  for (const Json& target : wanted) targets.push_back(text_of(target));
  return targets;
}

Submission submission_of(const Json& body, ComfyCheck& check) {
  const std::string client = text_of(member(body, "client_id"));
  Json extra = kept_extra_data(body, client);
  const Json& pnginfo = member(extra, "extra_pnginfo");
  Json request{{"graph", std::move(check.prompt)}, {"targets", check.outputs}};
  if (const Json& workflow = member(pnginfo, "workflow"); !workflow.is_null()) request["workflow"] = workflow;
  if (!client.empty()) request["client_id"] = client;
  request["extra_data"] = std::move(extra);
  Submission submission{.id = text_of(member(body, "prompt_id")), .request = std::move(request)};
  if (const Json& number = member(body, "number"); number.is_number()) submission.number = number.get<double>();
  const Json& front = member(body, "front");
  submission.front = is_true(front) || (front.is_number() && front != 0);
  submission.hold_events = true;
  submission.ready = std::move(check.ready);
  return submission;
}

Response answer_failure(std::exception_ptr failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const QueueFull& full) {
    Response response = refused(error_object("queue_full", "The queue is full", full.what()), Json::object(), 429);
    response.headers.emplace_back("Retry-After", "5");
    return response;
  } catch (const DuplicateJob& duplicate) {
    return refused(error_object("duplicate_prompt_id", "This prompt_id is taken", duplicate.what()));
  } catch (const std::exception& error) {
    spdlog::error("a prompt could not be accepted: {}", error.what());
    return refused(error_object("not_accepted", "The prompt could not be written down", error.what()), Json::object(), 503);
  }
}

// Clients listen for events only after the answer: nothing of this prompt is told before that, and a moment.
Response answer_accepted(const Accepted& accepted, Json node_errors, std::chrono::milliseconds grace) {
  Response response = json_response(
      {{"prompt_id", accepted.id}, {"number", number_json(accepted.place.number)}, {"node_errors", std::move(node_errors)}});
  response.after_written = [gate = accepted.gate, grace] { gate->open(std::chrono::steady_clock::now() + grace); };
  return response;
}

// Clients read the answer to /prompt as JSON, whatever it says.
std::optional<Json> prompt_body(const Request& request, const Respond& respond) {
  try {
    return comfy_body(request);
  } catch (const BadBody& bad) {
    respond(refused(error_object("invalid_json", "The body cannot be read", bad.what())));
    return std::nullopt;
  }
}

void post_prompt(Site& site, const Request& request, const Respond& respond) {
  const auto given = prompt_body(request, respond);
  if (!given) return;
  const Json& body = *given;
  const Json& prompt = member(body, "prompt");
  if (prompt.is_null()) return respond(refused(error_object("no_prompt", "No prompt provided", "No prompt provided")));
  ComfyCheck check = check_comfy_prompt(prompt, partial_targets(body), site.registry, site.folders);
  if (!check.error.is_null()) return respond(refused(check.error, check.node_errors));
  space_warning(site);  // there is no place for it in this answer: it goes to the log
  Json node_errors = check.node_errors;
  site.jobs.submit(submission_of(body, check), [respond, node_errors = std::move(node_errors), grace = site.event_grace](
                                                   const Accepted& accepted, std::exception_ptr failure) {
    respond(failure ? answer_failure(failure) : answer_accepted(accepted, node_errors, grace));
  });
}

Response get_prompt(Site& site) { return json_response({{"exec_info", {{"queue_remaining", site.jobs.remaining()}}}}); }

Response get_queue(Site& site) {
  const JobService::Queue queue = site.jobs.queue();
  Json running = Json::array(), pending = Json::array();
  for (const auto& job : queue.running) running.push_back(queue_item(*job));
  for (const auto& job : queue.pending) pending.push_back(queue_item(*job));
  return json_response({{"queue_running", std::move(running)}, {"queue_pending", std::move(pending)}});
}

// Answers once all of them are cancelled for certain.
void cancel_all(Site& site, std::vector<std::string> ids, const Respond& respond) {
  if (ids.empty()) return respond(empty_response());
  auto left = std::make_shared<std::atomic<size_t>>(ids.size());
  for (const std::string& id : ids) {
    site.jobs.cancel_pending(id, [left, respond](CancelOutcome) {
      if (--*left == 0) respond(empty_response());
    });
  }
}

void post_queue(Site& site, const Request& request, const Respond& respond) {
  const Json body = comfy_body(request);
  std::vector<std::string> ids;
  for (const Json& id : items_of(member(body, "delete"))) ids.push_back(text_of(id));
  if (is_true(member(body, "clear"))) {
    for (const auto& job : site.jobs.queue().pending) ids.push_back(job->id);
  }
  cancel_all(site, std::move(ids), respond);
}

Response post_interrupt(Site& site, const Request& request) {
  Json body;
  try {
    body = parse_json(request.body);
  } catch (const JsonError&) {
    body = nullptr;  // clients send none, and mean the prompt that runs
  }
  site.jobs.interrupt(text_of(member(body, "prompt_id")));
  return empty_response();
}

Response post_free(Site& site, const Request& request) {
  const Json body = comfy_body(request);
  if (is_true(member(body, "unload_models")) || is_true(member(body, "free_memory"))) site.jobs.free_memory();
  return empty_response();
}

std::optional<int64_t> number_parameter(const Request& request, std::string_view name) {
  const auto text = request.parameter(name);
  if (!text) return std::nullopt;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size()) {
    throw BadBody(std::string(name) + "=" + *text + " is no whole number");
  }
  return number;
}

// Oldest first. Without an offset the last `max_items`, with one those from there on.
Response get_history(Site& site, const Request& request) {
  constexpr int kMost = 10'001;
  const int64_t max_items = number_parameter(request, "max_items").value_or(kMost);
  const int64_t offset = number_parameter(request, "offset").value_or(-1);
  JobQuery query{.state = std::nullopt, .only_over = true, .only_started = true};
  query.limit = int(std::clamp<int64_t>(max_items, 0, kMost));
  query.oldest_first = offset >= 0;
  query.offset = std::max<int64_t>(offset, 0);
  std::vector<JobRecord> jobs = query.limit > 0 ? site.store.list(query) : std::vector<JobRecord>{};
  if (!query.oldest_first) std::reverse(jobs.begin(), jobs.end());
  Json history = Json::object();
  for (const JobRecord& job : jobs) history[job.id] = history_entry(job);
  return json_response(history);
}

Response get_history_of(Site& site, const Request& request) {
  const auto job = site.store.find(request.captures.at(0));
  if (!job || !is_over(job->state) || job->started == 0) return json_response(Json::object());
  return json_response({{job->id, history_entry(*job)}});
}

void post_history(Site& site, const Request& request, const Respond& respond) {
  const Json body = comfy_body(request);
  std::vector<std::string> ids;
  for (const Json& id : items_of(member(body, "delete"))) ids.push_back(text_of(id));
  if (is_true(member(body, "clear"))) {
    JobQuery query{.state = std::nullopt, .only_over = true};
    query.limit = 1'000'000;
    query.without_request = true;
    for (const JobRecord& job : site.store.list(query)) ids.push_back(job.id);
  }
  site.store.remove(ids, [respond](std::exception_ptr failure) {
    respond(failure ? text_response("the history could not be changed: see the log", 503) : empty_response());
  });
}

// A body that cannot be used is the client's mistake: 400 in words, where ComfyUI has a page for 500.
LaterHandler guarded(Site& site, void (*handle)(Site&, const Request&, const Respond&)) {
  return [&site, handle](const Request& request, Respond respond) {
    try {
      handle(site, request, respond);
    } catch (const BadBody& bad) {
      respond(text_response(bad.what(), 400));
    }
  };
}

Handler guarded(Site& site, Response (*handle)(Site&, const Request&)) {
  return [&site, handle](const Request& request) {
    try {
      return handle(site, request);
    } catch (const BadBody& bad) {
      return text_response(bad.what(), 400);
    }
  };
}

}  // namespace

void add_comfy_prompt_routes(Routes& routes, Site& site) {
  routes.add_both("GET", "/prompt", Handler([&site](const Request&) { return get_prompt(site); }));
  routes.add_both("POST", "/prompt", LaterHandler([&site](const Request& request, Respond respond) {
                    post_prompt(site, request, respond);
                  }));
  routes.add_both("GET", "/queue", Handler([&site](const Request&) { return get_queue(site); }));
  routes.add_both("POST", "/queue", guarded(site, post_queue));
  routes.add_both("POST", "/interrupt", guarded(site, post_interrupt));
  routes.add_both("POST", "/free", guarded(site, post_free));
  routes.add_both("GET", "/history", guarded(site, get_history));
  routes.add_both("GET", "/history/{prompt_id}", guarded(site, get_history_of));
  routes.add_both("POST", "/history", guarded(site, post_history));
}

}  // namespace heddle::server
