#include "engine/server/job_json.h"

#include <cstdio>
#include <ctime>

#include "engine/json_access.h"
#include "engine/server/content_type.h"

namespace heddle::server {
namespace {

// The name that a pipeline gives to what a step saves: that of the value the step is fed with.
std::string output_name(const Json& request, std::string_view step) {
  const Json& inputs = member(member(member(request, "graph"), step), "inputs");
  const Json& outputs = member(request, "outputs");
  if (!inputs.is_object() || !outputs.is_object()) return "";
  for (const auto& [name, source] : outputs.items()) {
    for (const Json& input : inputs) {
      if (input == source) return name;
    }
  }
  return "";
}

Json output_json(const JobRecord& job, const Json& file, size_t number) {
  const std::string filename(text_or(member(file, "filename"), ""));
  const std::string sha256(text_or(member(file, "sha256"), ""));
  Json output{{"number", number}, {"step", member(file, "step")}};
  const std::string name = output_name(job.request, text_or(member(file, "step"), ""));
  if (!name.empty()) output["name"] = name;
  output["folder"] = member(file, "type");
  output["subfolder"] = member(file, "subfolder");
  output["filename"] = filename;
  output["type"] = content_type_of(filename);
  output["bytes"] = member(file, "bytes");
  output["sha256"] = sha256;
  output["url"] = "/v1/jobs/" + job.id + "/outputs/" + std::to_string(number);
  if (!sha256.empty()) output["blob"] = "/v1/blobs/" + sha256;
  return output;
}

Json outputs_json(const JobRecord& job) {
  Json outputs = Json::array();
  for (const Json& file : items_of(member(job.result, "files"))) {
    outputs.push_back(output_json(job, file, outputs.size()));
  }
  return outputs;
}

void add_times(Json& json, const JobRecord& job) {
  json["created"] = time_text(job.created);
  if (job.started) json["started"] = time_text(job.started);
  if (job.finished) json["finished"] = time_text(job.finished);
  if (job.started) json["seconds_waited"] = double(job.started - job.created) / 1000;
  if (job.started && job.finished) json["seconds_running"] = double(job.finished - job.started) / 1000;
}

}  // namespace

Json job_json(const JobRecord& job) {
  Json json{{"id", job.id}, {"state", name_of(job.state)}, {"priority", job.place.priority}};
  add_times(json, job);
  if (const Json& pipeline = member(job.request, "pipeline"); pipeline.is_object()) json["pipeline"] = pipeline;
  if (const Json& client = member(job.request, "client_id"); client.is_string()) json["client_id"] = client;
  if (is_over(job.state)) {
    json["outputs"] = outputs_json(job);
    if (const Json& shown = member(job.result, "outputs"); shown.is_object()) json["shown"] = shown;
    if (const Json& ran = member(job.result, "ran"); !ran.is_null()) json["steps_run"] = ran;
    if (const Json& cached = member(job.result, "cached"); !cached.is_null()) json["steps_cached"] = cached;
    if (const Json& error = member(job.result, "error"); !error.is_null()) json["error"] = error;
  }
  json["url"] = "/v1/jobs/" + job.id;
  json["events"] = "/v1/jobs/" + job.id + "/events";
  return json;
}

std::optional<WebhookDelivery> webhook_delivery(const JobRecord& job) {
  const Json& webhook = member(job.request, "webhook");
  if (!webhook.is_object()) return std::nullopt;
  WebhookDelivery delivery;
  delivery.job = job.id;
  delivery.url = text_or(member(webhook, "url"), "");
  delivery.secret = text_or(member(webhook, "secret"), "");
  delivery.body = job_json(job).dump(-1, ' ', false, Json::error_handler_t::replace);
  delivery.next = job.finished;
  return delivery;
}

std::string time_text(Millis time) {
  const std::time_t seconds = std::time_t(time / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  const size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + size, sizeof text - size, ".%03dZ", int(time % 1000));
  return text;
}

}  // namespace heddle::server
