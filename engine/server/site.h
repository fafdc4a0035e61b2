// What all routes of a server work with. Made once by serve.cc, and outlives the server.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/backend.h"
#include "engine/folders.h"
#include "engine/jobs/job_service.h"
#include "engine/registry.h"
#include "engine/server/http.h"
#include "engine/server/http_server.h"

namespace heddle::server {

class SocketHub;      // the WebSocket face: comfy_events.h
class LogBook;        // the last lines of the log: log_book.h
class EventFeed;      // server-sent events: v1_events.h
class Metrics;        // what /metrics counts: metrics.h
class PipelineShelf;  // saved pipelines: pipeline_shelf.h

struct Site {
  const Registry& registry;
  Backend& backend;
  Folders folders;  // `beside` is empty
  std::filesystem::path data;
  JobService& jobs;
  JobStore& store;
  SocketHub& sockets;
  LogBook& log;
  MillisClock clock;
  uint64_t max_upload = uint64_t{100} << 20;
  std::vector<std::string> arguments;         // of the program, for /system_stats
  std::vector<std::string> webhook_hosts;     // that webhooks may be sent to
  std::chrono::milliseconds event_grace{15};  // after a POST's answer, before the first event of its job
  HttpServer* http = nullptr;                 // set before the first request; for /metrics
  // For heddle's own face; set before its routes are added. The first two are listeners of `jobs` too.
  EventFeed* events = nullptr;
  Metrics* metrics = nullptr;
  PipelineShelf* pipelines = nullptr;
};

// ComfyUI's face, a family of routes each.
void add_comfy_prompt_routes(Routes& routes, Site& site);  // prompt, queue, history, interrupt, free
void add_comfy_file_routes(Routes& routes, Site& site);    // view, upload, view_metadata, internal/files
void add_comfy_info_routes(Routes& routes, Site& site);    // object_info, models, embeddings, system_stats, features...
void add_comfy_user_routes(Routes& routes, Site& site);    // users, settings, userdata
void add_comfy_log_routes(Routes& routes, Site& site);     // internal/logs

// heddle's own face.
void add_v1_job_routes(Routes& routes, Site& site);       // jobs, events, queue
void add_v1_pipeline_routes(Routes& routes, Site& site);  // pipelines and their runs
void add_v1_file_routes(Routes& routes, Site& site);      // blobs
void add_v1_graph_routes(Routes& routes, Site& site);     // check, explain, nodes, models
void add_health_routes(Routes& routes, Site& site);       // healthz, readyz, metrics
void add_openapi_routes(Routes& routes, Site& site);      // of all routes added before

/// The files of a folder (ComfyUI's web frontend): "/" is index.html, an unknown path 404.
Handler folder_files(std::filesystem::path folder);

}  // namespace heddle::server
