// A server, put together: store, jobs, routes, sockets. Where everything is made, and in which order it ends.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/jobs/job_service.h"
#include "engine/server/comfy_events.h"
#include "engine/server/guard.h"
#include "engine/server/http_server.h"
#include "engine/server/site.h"
#include "engine/server/tidy_folder.h"

namespace heddle::server {

struct ServeSettings {
  ServerSettings http;
  GuardSettings guard;
  ServiceSettings jobs;
  ComfyEventSettings events;
  Durability durability = Durability::kFull;
  std::chrono::milliseconds event_grace{15};
  std::filesystem::path data;
  std::filesystem::path frontend;  // "": heddle's own page
  bool no_frontend = false;
  std::vector<std::filesystem::path> pipeline_folders;  // of those that come with the program
  std::vector<std::string> webhook_hosts, arguments;
  FolderBounds temp{.age = 7 * Millis{86'400'000}, .bytes = uint64_t{4} << 30}, output;
};

class Server {
 public:
  /// Opens the store and binds the port; jobs that an earlier server left start to run. Everything outlives the server.
  /// Throws std::runtime_error in words.
  Server(ServeSettings settings, Workshop workshop, Backend& backend, MillisClock clock);
  ~Server();

  int port() const;
  /// No new connections, and the queue stands still. `finish_running`: waits for the job that runs; else it is put back.
  void stop(bool finish_running);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace heddle::server
