// A job service over a real store and fake nodes, and what its listeners heard.
#pragma once

#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/jobs/job_service.h"
#include "engine/jobs/new_id.h"
#include "tests/engine/fake_nodes.h"

namespace heddle::test {

/// Notes events as lines, "JOB TYPE DATA", with the job's name in place of its id.
class HeardEvents final : public JobListener {
 public:
  void on_event(const JobEvent& event, const std::string& owner, const std::shared_ptr<Gate>&) override {
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
    owners_.push_back(owner);
    changed_.notify_all();
  }
  /// Waits for an event of that type of that job, and gives it.
  JobEvent wait_for(const std::string& job, const std::string& type) {
    std::unique_lock lock(mutex_);
    for (size_t at = 0;;) {
      for (; at < events_.size(); ++at) {
        if (events_[at].job == job && events_[at].type == type) return events_[at];
      }
      if (changed_.wait_for(lock, std::chrono::seconds(60)) == std::cv_status::timeout) {
        throw std::runtime_error("no event " + type + " of " + job);
      }
    }
  }
  std::vector<JobEvent> of(const std::string& job) {
    const std::lock_guard lock(mutex_);
    std::vector<JobEvent> found;
    for (const JobEvent& event : events_) {
      if (event.job == job) found.push_back(event);
    }
    return found;
  }
  /// "queued started cached step_finished succeeded": the kept ones.
  std::string kept(const std::string& job) {
    std::string text;
    for (const JobEvent& event : of(job)) {
      if (event.number > 0) text += (text.empty() ? "" : " ") + event.type;
    }
    return text;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<JobEvent> events_;
  std::vector<std::string> owners_;
};

/// A data folder, and one server after the other on it.
struct FakeServer {
  explicit FakeServer(const TemporaryFolder& data, ServiceSettings settings = {})
      : cache(make_memory_store(1 << 20), make_disk_store(data / "cache", 1 << 24, registry.readers())),
        store(open_sqlite_store(data.path(), Durability::kProcess, 1'000, notice)),
        service(*store,
                Workshop{.registry = registry,
                         .folders = folders(data),
                         .hashes = hashes,
                         .cache = &cache,
                         .numerics = "test"},
                settings, [this] { return now.load(); }) {
    service.add_listener(heard);
  }

  static Folders folders(const TemporaryFolder& data) {
    Folders folders;
    folders.output = data / "output";
    folders.temp = data / "temp";
    folders.input = data / "input";
    return folders;
  }
  static Registry make_registry() {
    Registry registry;
    register_fake_program(registry);
    return registry;
  }

  /// Submits and waits for the answer; throws what refuses it.
  Accepted submit(const std::string& graph, Submission more = {}) {
    more.request["graph"] = parse_json(graph);
    std::promise<Accepted> answer;
    service.submit(std::move(more), [&](const Accepted& accepted, std::exception_ptr failure) {
      failure ? answer.set_exception(failure) : answer.set_value(accepted);
    });
    return answer.get_future().get();
  }
  JobRecord wait(const std::string& job) {
    std::promise<std::optional<JobRecord>> over;
    service.when_over(job, [&](std::optional<JobRecord> record) { over.set_value(std::move(record)); });
    return over.get_future().get().value();
  }
  CancelOutcome cancel(const std::string& job) {
    std::promise<CancelOutcome> done;
    service.cancel(job, [&](CancelOutcome outcome) { done.set_value(outcome); });
    return done.get_future().get();
  }

  std::atomic<Millis> now{1'700'000'000'000};
  Registry registry = make_registry();
  FileHashes hashes;
  Cache cache;
  std::string notice;
  std::unique_ptr<JobStore> store;
  HeardEvents heard;
  JobService service;
};

}  // namespace heddle::test
