// heddle serve: jobs by HTTP, until it is told to stop.
#include "engine/server/serve.h"

#include <unistd.h>

#include <iostream>
#include <thread>

#include "engine/ascii.h"
#include "engine/atomic_file.h"
#include "engine/cli/place.h"
#include "engine/cli/signals.h"
#include "engine/cli/terminal.h"
#include "engine/cli/verbs.h"
#include "engine/version.h"

namespace heddle::cli {
namespace {

namespace fs = std::filesystem;

constexpr Millis kDay = 86'400'000;

bool is_loopback(const std::string& address) {
  return address == "localhost" || address == "::1" || address.starts_with("127.");
}

std::string token_of(const Options& options) {
  if (!options.token.empty()) return options.token;
  if (options.token_file.empty()) return "";
  const std::string token = std::string(trimmed(read_file(options.token_file), " \t\r\n\f\v"));
  if (token.empty()) throw UsageError("the token file " + options.token_file + " is empty");
  return token;
}

server::GuardSettings guard_of(const Options& options) {
  server::GuardSettings guard{.token = token_of(options),
                              .loopback = is_loopback(options.listen),
                              .allowed_hosts = options.allow_hosts,
                              .allowed_origins = options.allow_origins};
  if (!guard.loopback && guard.token.empty()) {
    throw UsageError("--listen " + options.listen + " can be reached from other machines, which needs a token: give "
                     "--token-file FILE (or --token TEXT), or listen on 127.0.0.1");
  }
  return guard;
}

Durability durability_of(const Options& options) {
  if (options.durability == "full") return Durability::kFull;
  if (options.durability == "process") return Durability::kProcess;
  throw UsageError("--durability " + options.durability + " is neither full (outlives a power cut) nor process (outlives "
                   "a killed process)");
}

bool previews_of(const Options& options) {
  if (options.previews == "none") return false;
  if (options.previews == "latent2rgb" || options.previews == "auto") return true;
  throw UsageError("--preview-method " + options.previews + " is not known; expected latent2rgb, auto or none");
}

int at_least(const char* flag, int value, int least) {
  if (value >= least) return value;
  throw UsageError(std::string(flag) + " " + std::to_string(value) + " is too small; expected " + std::to_string(least) +
                   " or more");
}

server::ServeSettings settings_of(const Options& options, const Place& place) {
  server::ServeSettings settings;
  settings.http.address = options.listen == "localhost" ? "127.0.0.1" : options.listen;
  settings.http.port = at_least("--port", options.port, 0);
  settings.http.limits.body_bytes = uint64_t(at_least("--max-upload", options.max_upload, 1)) << 20;
  settings.guard = guard_of(options);
  settings.jobs.max_queue = size_t(at_least("--max-queue", options.max_queue, 1));
  settings.jobs.history_count = at_least("--history", options.history_count, 1);
  settings.jobs.history_age = at_least("--history-days", options.history_days, 0) * kDay;
  settings.events.previews = previews_of(options);
  settings.events.preview_side = at_least("--preview-size", options.preview_size, 16);
  settings.events.max_upload = settings.http.limits.body_bytes;
  settings.durability = durability_of(options);
  settings.event_grace = std::chrono::milliseconds(at_least("--event-grace", options.event_grace, 0));
  settings.data = place.data;
  settings.frontend = options.frontend;
  settings.no_frontend = options.no_frontend;
  settings.pipeline_folders.assign(place.pipelines.begin() + 1, place.pipelines.end());
  settings.webhook_hosts = options.webhook_hosts;
  settings.arguments = {"heddle", "serve"};
  settings.temp.age = at_least("--temp-days", options.temp_days, 0) * kDay;
  settings.output.age = at_least("--output-days", options.output_days, 0) * kDay;
  if (!options.output_bytes.empty()) settings.output.bytes = parse_size("--output-bytes", options.output_bytes).bytes;
  return settings;
}

void check_frontend(const Options& options) {
  if (options.frontend.empty() || fs::is_regular_file(fs::path(options.frontend) / "index.html")) return;
  throw UsageError("--frontend " + options.frontend + " has no index.html; name the folder of a built web frontend, as "
                   "comfyui_frontend_package/static");
}

std::string url(const std::string& address, int port) {
  const bool is_ipv6 = address.find(':') != std::string::npos;
  return "http://" + (is_ipv6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

// Signals only set a flag, so somebody has to look.
void wait_for_signal(const CancelFlag& stop) {
  while (!stop.requested()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

int serve(const Options& options, const Program& program) {
  Place place = find_place(options);
  if (options.out.empty() && options.comfyui.empty()) place.folders.output = place.data / "output";
  check_frontend(options);
  program.backend.set_threads(options.threads);
  const auto cache = open_cache(options, place, program.registry.readers());
  FileHashes hashes(place.cache / "file_hashes");
  const Workshop workshop{program.registry, place.folders, hashes, cache.get(), program.backend.system_info().numerics,
                          options.verify_cache};
  CancelFlag stop;
  const CancelOnSignals signals(stop);
  server::Server server(settings_of(options, place), workshop, program.backend, system_millis);
  std::cout << "heddle is ready at " << url(options.listen, server.port()) << std::endl;
  wait_for_signal(stop);
  server.stop(/*finish_running=*/false);
  return kDone;
}

}  // namespace

const Verb& serve_verb() {
  static const Verb kVerb{
      .name = "serve",
      .summary = "runs graphs that programs and browsers send",
      .flags =
          {{"--listen", "ADDRESS", "where to listen (default: 127.0.0.1); others need a token", &Options::listen},
           {"--port", "N", "port (default: 8188); 0: any free one", &Options::port},
           {"--out", "DIR", "where files are saved (default: output in the data folder)", &Options::out},
           {"--token", "TEXT", "what clients must send as \"Authorization: Bearer TEXT\"", &Options::token},
           {"--token-file", "FILE", "the same, read from a file", &Options::token_file},
           {"--allow-host", "HOST", "a further name this server is called by; repeatable", &Options::allow_hosts},
           {"--allow-origin", "ORIGIN", "web pages from there may use this server; repeatable", &Options::allow_origins},
           {"--durability", "HOW", "full: accepted jobs outlive a power cut (default); process: a killed process",
            &Options::durability},
           {"--event-grace", "MS", "pause between the answer to a prompt and its first event (default: 15)",
            &Options::event_grace},
           {"--frontend", "DIR", "a web frontend to serve, as ComfyUI's", &Options::frontend},
           {"--no-frontend", "", "serve no page at /", &Options::no_frontend},
           {"--preview-method", "HOW", "latent2rgb (default) or none", &Options::previews},
           {"--preview-size", "N", "longer side of previews in pixels (default: 512)", &Options::preview_size},
           {"--max-queue", "N", "most jobs that may wait (default: 10000)", &Options::max_queue},
           {"--max-upload", "MB", "largest body of a request (default: 100)", &Options::max_upload},
           {"--history", "N", "most finished jobs to remember (default: 100000)", &Options::history_count},
           {"--history-days", "N", "forget finished jobs after that (default: never)", &Options::history_days},
           {"--temp-days", "N", "remove temporary files after that (default: 7); 0: never", &Options::temp_days},
           {"--output-days", "N", "remove saved files after that (default: never)", &Options::output_days},
           {"--output-bytes", "SIZE", "most saved files to keep, the oldest go (default: no bound)",
            &Options::output_bytes},
           {"--webhook-host", "HOST", "where webhooks may be sent; repeatable (default: nowhere)",
            &Options::webhook_hosts}},
      .examples = {"heddle serve", "heddle serve --listen 0.0.0.0 --token-file token.txt",
                   "heddle serve --frontend comfyui_frontend_package/static"},
      .run = serve};
  return kVerb;
}

}  // namespace heddle::cli
