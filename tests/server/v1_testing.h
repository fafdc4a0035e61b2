// A server without sockets: the routes of /v1 over a real store, a real queue and fake nodes; requests are calls.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "engine/server/metrics.h"
#include "engine/server/pipeline_shelf.h"
#include "engine/server/site.h"
#include "engine/server/v1_events.h"
#include "tests/engine/fake_nodes.h"

namespace heddle::test {

/// Waits at a file until it is there: what holds a job in its run for as long as a test likes.
struct Wait final : Node {
  static constexpr NodeInfo kInfo{.name = "Wait", .category = "test", .help = "Waits for a file.", .is_output = true};
  In<std::string> file{this, "file", "The file."};
  void run(RunContext& context) override {
    for (int k = 1; !std::filesystem::exists(*file); ++k) {
      context.check_cancelled();
      context.progress(std::min(k, 99), 100);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
};

struct PictureFile : File {
  static constexpr std::string_view kFolder = "input";
};
/// Saves a copy of a picture.
struct Copy final : Node {
  static constexpr NodeInfo kInfo{.name = "Copy", .category = "test", .help = "Copies a picture.", .is_output = true};
  In<PictureFile> image{this, "image", "The picture."};
  void run(RunContext& context) override {
    std::filesystem::create_directories(context.folders->output);
    const std::string bytes = read_file(image->path);
    save_new_file(context.folders->output / "copy_1.png", [&](const AppendBytes& append) { append(bytes); }, context);
    context.ui["images"] = {{{"filename", "copy_1.png"}, {"subfolder", ""}, {"type", "output"}}};
  }
};

}  // namespace heddle::test

namespace heddle::server::test {

using heddle::test::FakeBackend;
using heddle::test::TemporaryFolder;
using heddle::test::write_text;
using ::testing::HasSubstr;
using ::testing::Not;

inline constexpr Millis kNow = 1'700'000'000'000;  // 2023-11-14 22:13:20

/// Keeps what is written, and lets a test wait for it.
class FakeStream final : public Stream {
 public:
  bool write(std::string bytes) override {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    text_ += bytes;
    changed_.notify_all();
    return true;
  }
  void close() override {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  void on_closed(std::function<void()>) override {}

  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }
  /// All that was written once `part` is in it.
  std::string wait_for(const std::string& part) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [&] { return text_.find(part) != text_.npos; });
    EXPECT_THAT(text_, HasSubstr(part));
    return text_;
  }
  std::string wait_for_end() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), [&] { return closed_; }));
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
  bool closed_ = false;
};

/// What an answer was, once it has come.
class Answered {
 public:
  Respond respond() {
    return [state = state_](Response response) {
      const std::lock_guard lock(state->mutex);
      if (state->response) return;
      state->response = std::move(response);
      state->changed.notify_all();
    };
  }
  Response wait() {
    std::unique_lock lock(state_->mutex);
    const bool came =
        state_->changed.wait_for(lock, std::chrono::seconds(30), [&] { return state_->response.has_value(); });
    EXPECT_TRUE(came) << "no answer";
    if (!came) return text_response("no answer", 500);
    if (state_->response->after_written) state_->response->after_written();
    return *state_->response;
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Response> response;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

class V1Site {
 public:
  explicit V1Site(ServiceSettings settings = {}, std::chrono::milliseconds heartbeat = std::chrono::seconds(15))
      : store(open()),
        jobs(*store, workshop(), settings, [this] { return now; }),
        events(*store, heartbeat),
        shelf(*store, folder / "user/pipelines", {folder / "graphs"}, [this] { return now; }) {
    jobs.add_listener(events);
    jobs.add_listener(metrics);
    jobs.start();
    site.webhook_hosts = {"hooks.lan"};
    site.events = &events;
    site.metrics = &metrics;
    site.pipelines = &shelf;
    add_v1_job_routes(routes, site);
    add_v1_pipeline_routes(routes, site);
    add_v1_file_routes(routes, site);
    add_v1_graph_routes(routes, site);
    add_health_routes(routes, site);
    add_openapi_routes(routes, site);
  }
  ~V1Site() { jobs.stop(false); }

  /// `target` has the query with it. 404 and 405 as a server gives them.
  Answered ask(const std::string& method, const std::string& target, std::string body = "", Fields headers = {}) {
    Answered answered;
    Request request;
    request.method = method;
    request.path = target.substr(0, target.find('?'));
    if (const size_t mark = target.find('?'); mark != std::string::npos) {
      request.query = parse_query(target.substr(mark + 1));
    }
    request.headers = std::move(headers);
    request.body = std::move(body);
    std::string allowed;
    const Route* route = routes.find(method, request.path, request.captures, allowed);
    if (route) {
      route->handler(request, answered.respond());
    } else {
      answered.respond()(text_response("no route", allowed.empty() ? 404 : 405));
    }
    return answered;
  }
  Response send(const std::string& method, const std::string& target, std::string body = "", Fields headers = {}) {
    return ask(method, target, std::move(body), std::move(headers)).wait();
  }
  Response get(const std::string& target, Fields headers = {}) { return send("GET", target, "", std::move(headers)); }
  Response post(const std::string& target, const std::string& body, Fields headers = {}) {
    return send("POST", target, body, std::move(headers));
  }
  /// The stream that a GET opens.
  std::shared_ptr<FakeStream> stream(const std::string& target, Fields headers = {}) {
    const Response response = get(target, std::move(headers));
    EXPECT_EQ(response.status, 200) << response.body;
    auto stream = std::make_shared<FakeStream>();
    if (response.stream) response.stream(stream);
    return stream;
  }
  /// A job that has been waited for.
  Json run(const std::string& graph) {
    const Response response = post("/v1/jobs?wait=30", graph);
    EXPECT_EQ(response.status, 201) << response.body;
    return parse_json(response.body);
  }
  /// A job that runs until release().
  std::string start_waiting() {
    const Json job = parse_json(post("/v1/jobs", waiting_graph()).body);
    const std::string id = job.at("id");
    stream("/v1/jobs/" + id + "/events")->wait_for("event: started");
    return id;
  }
  std::string waiting_graph() const {
    return Json{{"w", {{"class_type", "Wait"}, {"inputs", {{"file", (folder / "go").string()}}}}}}.dump();
  }
  void release() { write_text(folder / "go", ""); }

  TemporaryFolder folder;
  Millis now = kNow;
  Registry registry = make_registry();
  FakeBackend backend;
  FileHashes hashes;
  Cache cache{make_memory_store(1 << 20), nullptr};
  Folders folders = make_folders();
  std::unique_ptr<JobStore> store;
  JobService jobs;
  EventFeed events;
  Metrics metrics;
  PipelineShelf shelf;
  Site site{.registry = registry,
            .backend = backend,
            .folders = folders,
            .data = folder.path(),
            .jobs = jobs,
            .store = *store,
            .sockets = never_used<SocketHub>(),
            .log = never_used<LogBook>(),
            .clock = [this] { return now; },
            .arguments = {},
            .webhook_hosts = {}};
  Routes routes;

 private:
  template <class T>
  static T& never_used() {
    alignas(64) static char storage[64];
    return *reinterpret_cast<T*>(storage);
  }
  static Registry make_registry() {
    Registry registry;
    heddle::test::register_fake_program(registry);
    registry.add<heddle::test::Wait>();
    registry.add<heddle::test::Copy>();
    return registry;
  }
  Folders make_folders() const {
    Folders folders;
    folders.input = folder / "input";
    folders.output = folder / "output";
    folders.temp = folder / "temp";
    folders.user = folder / "user";
    folders.add_model_root(folder / "models");
    return folders;
  }
  std::unique_ptr<JobStore> open() const {
    std::string notice;
    return open_sqlite_store(folder / "db", Durability::kProcess, kNow, notice);
  }
  Workshop workshop() {
    return {.registry = registry, .folders = folders, .hashes = hashes, .cache = &cache, .numerics = "test"};
  }
};

inline std::string header_of(const Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

/// Ids of the events of a stream, in order.
inline std::vector<int64_t> event_ids(const std::string& text) {
  std::vector<int64_t> ids;
  for (size_t at = text.find("id: "); at != text.npos; at = text.find("id: ", at + 1)) {
    if (at == 0 || text[at - 1] == '\n') ids.push_back(std::stoll(text.substr(at + 4)));
  }
  return ids;
}

inline constexpr const char* kShowGraph =
    R"({"1": {"class_type": "Number", "inputs": {"value": 7}},
        "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})";
inline constexpr const char* kSaveGraph =
    R"({"1": {"class_type": "SaveText", "inputs": {"text": "hello", "filename_prefix": "note"}}})";
/// A PNG of one pixel.
inline const std::string& pixel_base64() {
  static const std::string kPixel =
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  return kPixel;
}

}  // namespace heddle::server::test
