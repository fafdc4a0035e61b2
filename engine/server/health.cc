// /healthz, /readyz, /metrics and /v1/system: how the server does.
#include <unistd.h>

#include <fstream>

#include "engine/server/job_json.h"
#include "engine/server/metrics.h"
#include "engine/server/openapi.h"
#include "engine/server/problem_json.h"
#include "engine/server/site.h"
#include "engine/server/v1_catalogue.h"
#include "engine/version.h"

namespace heddle::server {
namespace {

constexpr uintmax_t kLeastSpace = uintmax_t{16} << 20;

uint64_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  uint64_t all = 0, resident = 0;
  in >> all >> resident;
  return resident * uint64_t(sysconf(_SC_PAGESIZE));
}

// Why no job can be taken now, or "".
std::string why_not_ready(Site& site) {
  try {
    site.store.last_event_number();
  } catch (const std::exception& error) {
    return std::string("the store cannot be read: ") + error.what();
  }
  std::error_code error;
  const auto space = std::filesystem::space(site.data, error);
  if (error) return "the data folder cannot be read: " + error.message();
  if (space.available < kLeastSpace) return "the disk of the data folder is full";
  return "";
}

Response readiness(Site& site) {
  const std::string problem = why_not_ready(site);
  return problem.empty() ? text_response("ready\n") : problem_response(503, "not_ready", problem);
}

std::string gauge(const char* name, const char* help, const std::string& lines) {
  return std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " gauge\n" + lines;
}
std::string gauge(const char* name, const char* help, uint64_t value) {
  return gauge(name, help, std::string(name) + " " + std::to_string(value) + "\n");
}
std::string counter(const char* name, const char* help, uint64_t value) {
  return std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " counter\n" + name + " " +
         std::to_string(value) + "\n";
}

std::string job_metrics(Site& site) {
  const JobService::Queue queue = site.jobs.queue();
  std::string states;
  for (const auto& [state, count] : site.store.counts()) {
    states += "heddle_jobs{state=\"" + std::string(name_of(state)) + "\"} " + std::to_string(count) + "\n";
  }
  return gauge("heddle_queue_length", "Jobs that wait.", queue.pending.size()) +
         gauge("heddle_jobs_running", "Jobs that run.", queue.running.size()) +
         gauge("heddle_queue_paused", "1 while the queue is paused.", queue.paused ? 1 : 0) +
         gauge("heddle_jobs", "Jobs that are kept, by state.", states);
}

struct CacheTier {
  const char* name;
  ResultStore* store;
};

std::string cache_metrics(Cache& cache) {
  std::string bytes, entries;
  for (const CacheTier& tier : {CacheTier{"memory", cache.memory()}, CacheTier{"disk", cache.disk()}}) {
    if (!tier.store) continue;
    const std::string label = std::string("{tier=\"") + tier.name + "\"} ";
    bytes += "heddle_cache_bytes" + label + std::to_string(tier.store->bytes()) + "\n";
    entries += "heddle_cache_entries" + label + std::to_string(tier.store->entries()) + "\n";
  }
  return gauge("heddle_cache_bytes", "Bytes of cached results.", bytes) +
         gauge("heddle_cache_entries", "Cached results.", entries);
}

std::string http_metrics(const HttpServer::Counts& counts) {
  return counter("heddle_http_requests_total", "Requests answered.", counts.requests) +
         counter("heddle_http_refused_total", "Requests refused for where they came from, or for a bound.",
                 counts.refused) +
         counter("heddle_http_received_bytes_total", "Bytes received.", counts.bytes_in) +
         counter("heddle_http_sent_bytes_total", "Bytes sent.", counts.bytes_out) +
         gauge("heddle_http_connections", "Open connections.", uint64_t(counts.connections)) +
         gauge("heddle_sockets", "Open WebSockets.", uint64_t(counts.sockets));
}

Response metrics(Site& site) {
  Response response;
  response.type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = "# HELP heddle_info The version.\n# TYPE heddle_info gauge\nheddle_info{version=\"" +
                  std::string(version()) + "\"} 1\n";
  response.body += job_metrics(site);
  if (site.metrics) response.body += site.metrics->text();
  if (site.jobs.workshop().cache) response.body += cache_metrics(*site.jobs.workshop().cache);
  if (site.http) response.body += http_metrics(site.http->counts());
  response.body += gauge("process_resident_memory_bytes", "Memory of the process.", resident_bytes());
  return response;
}

Json cache_json(Cache* cache) {
  Json json = Json::object();
  if (!cache) return json;
  for (const CacheTier& tier : {CacheTier{"memory", cache->memory()}, CacheTier{"disk", cache->disk()}}) {
    if (tier.store) json[tier.name] = {{"bytes", tier.store->bytes()}, {"entries", tier.store->entries()}};
  }
  return json;
}

Json system_json(Site& site, Millis started) {
  const SystemInfo info = site.backend.system_info();
  const JobService::Queue queue = site.jobs.queue();
  return {{"version", version()},
          {"started", time_text(started)},
          {"libtorch", info.libtorch},
          {"processor", info.processor},
          {"precision", info.precision},
          {"other_precisions", info.other_precisions},
          {"numerics", info.numerics},
          {"queue", {{"paused", queue.paused}, {"running", queue.running.size()}, {"queued", queue.pending.size()}}},
          {"cache", cache_json(site.jobs.workshop().cache)},
          {"memory", {{"resident_bytes", resident_bytes()}}},
          {"max_upload_bytes", site.max_upload},
          {"webhook_hosts", site.webhook_hosts}};
}

}  // namespace

void add_health_routes(Routes& routes, Site& site) {
  routes.add("GET", "/healthz", [](const Request&) { return text_response("ok\n"); });
  routes.add("GET", "/readyz", [&site](const Request&) { return readiness(site); });
  routes.add("GET", "/metrics", [&site](const Request&) { return metrics(site); });
}

void add_system_route(Routes& routes, Site& site) {
  const Millis started = site.clock();
  routes.add({"GET", "/v1/system",
              [&site, started](const Request&, Respond respond) { respond(v1_response(system_json(site, started))); },
              Operation("About", "Version, numerics, memory, cache and queue")
                  .gives(200, "Facts.", Json{{"type", "object"}})});
}

}  // namespace heddle::server
