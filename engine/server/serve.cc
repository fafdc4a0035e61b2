#include "engine/server/editor_files.h"
#include "engine/server/serve.h"

#include <spdlog/spdlog.h>

#include <random>

#include "engine/atomic_file.h"
#include "engine/jobs/webhooks.h"
#include "engine/server/front_page.h"
#include "engine/server/job_json.h"
#include "engine/server/log_book.h"
#include "engine/server/metrics.h"
#include "engine/server/pipeline_shelf.h"
#include "engine/server/socket_hub.h"
#include "engine/server/v1_events.h"

namespace heddle::server {
namespace {

namespace fs = std::filesystem;

void make_folders(const Folders& folders) {
  for (const fs::path& folder : {folders.input, folders.output, folders.temp, folders.user}) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) throw std::runtime_error("cannot make the folder " + folder.string() + ": " + error.message());
  }
}

std::unique_ptr<JobStore> open_store(const ServeSettings& settings, Millis now) {
  std::string notice;
  auto store = open_sqlite_store(settings.data, settings.durability, now, notice);
  if (!notice.empty()) spdlog::error("{}", notice);
  return store;
}

// New lines of the log, as messages to the clients that asked for them.
LogBook::Listener log_sender(SocketHub& sockets) {
  return [&sockets](const LogLine& line, const std::vector<std::string>& clients) {
    const Json data{{"entries", Json::array({log_entry(line)})}, {"size", log_size()}};
    const std::string message = dump_python({{"type", "logs"}, {"data", data}});
    for (const std::string& client : clients) sockets.send(client, message, nullptr);
  };
}

}  // namespace

// In the order of their making; they end in the opposite one.
struct Server::Parts {
  Parts(ServeSettings given, Workshop workshop, Backend& backend, MillisClock clock);

  ServeSettings settings;
  const std::shared_ptr<LogBook> log = std::make_shared<LogBook>();
  const LogTap tap{log};
  std::unique_ptr<JobStore> store;
  SocketHub sockets;
  EventFeed feed;
  Metrics metrics;
  PipelineShelf pipelines;
  Webhooks webhooks;
  JobService jobs;
  Site site;
  ComfyEvents events;
  Routes routes;
  Guard guard;
  HttpServer http;

 private:
  WebhookSettings webhook_settings(MillisClock clock) const;
  ServiceSettings job_settings(const Folders& folders, MillisClock clock);
  Handler fallback();
  void add_routes();
};

Server::Parts::Parts(ServeSettings given, Workshop workshop, Backend& backend, MillisClock clock)
    : settings(std::move(given)),
      store(open_store(settings, clock())),
      feed(*store),
      pipelines(*store, workshop.folders.user / "pipelines", settings.pipeline_folders, clock),
      webhooks(*store, webhook_settings(clock)),
      jobs(*store, workshop, job_settings(workshop.folders, clock), clock),
      site{.registry = workshop.registry,
           .backend = backend,
           .folders = workshop.folders,
           .data = settings.data,
           .jobs = jobs,
           .store = *store,
           .sockets = sockets,
           .log = *log,
           .clock = clock,
           .max_upload = settings.http.limits.body_bytes,
           .arguments = settings.arguments,
           .webhook_hosts = settings.webhook_hosts,
           .event_grace = settings.event_grace,
           .http = &http,
           .events = &feed,
           .metrics = &metrics,
           .pipelines = &pipelines},
      events(jobs, sockets, settings.events),
      guard(settings.guard),
      http(settings.http, routes, guard, {"/ws", "/api/ws"},
           [this](const Request& request) { return sockets.connect(request); }, fallback()) {
  jobs.add_listener(events);
  jobs.add_listener(feed);
  jobs.add_listener(metrics);
  log->set_listener(log_sender(sockets));
  add_routes();
}

WebhookSettings Server::Parts::webhook_settings(MillisClock clock) const {
  return {.hosts = settings.webhook_hosts,
          .send = http_webhook_sender(),
          .clock = std::move(clock),
          .random = [numbers = std::mt19937_64(std::random_device{}())]() mutable {
            return std::uniform_real_distribution<double>()(numbers);
          }};
}

ServiceSettings Server::Parts::job_settings(const Folders& folders, MillisClock clock) {
  ServiceSettings service = settings.jobs;
  service.webhook = webhook_delivery;
  service.webhook_kept = [this] { webhooks.wake(); };
  service.tidy = [this, folders, clock] {
    tidy_folder(folders.temp, settings.temp, clock());
    tidy_folder(folders.output, settings.output, clock());
  };
  return service;
}

Handler Server::Parts::fallback() {
  if (!settings.frontend.empty()) return folder_files(settings.frontend);
  if (settings.no_frontend) return nullptr;
  if (!embedded_editor().empty()) return editor_files(embedded_editor());
  return [](const Request& request) {
    return request.path == "/" ? front_page() : text_response("404: Not Found", 404);
  };
}

void Server::Parts::add_routes() {
  add_comfy_prompt_routes(routes, site);
  add_comfy_file_routes(routes, site);
  add_comfy_info_routes(routes, site);
  add_comfy_user_routes(routes, site);
  add_comfy_log_routes(routes, site);
  add_v1_job_routes(routes, site);
  add_v1_pipeline_routes(routes, site);
  add_v1_file_routes(routes, site);
  add_v1_graph_routes(routes, site);
  add_health_routes(routes, site);
  add_openapi_routes(routes, site);
}

Server::Server(ServeSettings settings, Workshop workshop, Backend& backend, MillisClock clock) {
  make_folders(workshop.folders);
  for (const fs::path& folder : {workshop.folders.input, workshop.folders.output, workshop.folders.temp,
                                 workshop.folders.user, settings.data / "blobs"}) {
    remove_leftovers(folder);
  }
  parts_ = std::make_unique<Parts>(std::move(settings), std::move(workshop), backend, std::move(clock));
  parts_->sockets.start();
  parts_->jobs.start();
  parts_->webhooks.start();
  parts_->http.start();
}

Server::~Server() { stop(/*finish_running=*/false); }

int Server::port() const { return parts_->http.port(); }

void Server::stop(bool finish_running) {
  parts_->jobs.stop(finish_running);  // what it tells still reaches those who listen
  parts_->feed.stop();
  parts_->http.stop(std::chrono::seconds(2));
  parts_->sockets.stop();
}

}  // namespace heddle::server
