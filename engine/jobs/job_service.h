// The life of jobs: accepted, queued, run one after the other, cancelled, retried, and told about. The one owner of the
// queue in memory; what must survive is in the store. All methods are thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/job.h"
#include "engine/jobs/gate.h"
#include "engine/jobs/job_record.h"
#include "engine/jobs/job_store.h"
#include "engine/jobs/teller.h"

namespace heddle {

/// What is asked for. The graph has been checked: it has no problems for these targets.
struct Submission {
  std::string id;  // "": a new one is made
  Json request;    // see JobRequest in job_record.h
  std::optional<double> number;  // else the counter's next, negative where `front`
  bool front = false;
  int64_t priority = 0;
  Idempotency idempotency = {};
  bool hold_events = false;      // the gate is shut until the caller opens it
  std::shared_ptr<ReadyGraph> ready = nullptr;  // the request's graph where it is at hand: spares its job another check
};

struct Accepted {
  std::string id;
  QueuePlace place;
  bool is_new = true;
  /// Events of the job are told once it is open. With `hold_events` the caller opens it, after it has answered.
  std::shared_ptr<Gate> gate;
};
/// The queue is full: 429.
struct QueueFull : std::runtime_error {
  using std::runtime_error::runtime_error;
};
using SubmitDone = std::function<void(const Accepted& accepted, std::exception_ptr failure)>;

enum class CancelOutcome { kUnknown, kAlreadyOver, kCancelled };

struct ServiceSettings {
  size_t max_queue = 10'000;
  int64_t history_count = 100'000;
  Millis history_age = 0;     // 0: no bound
  int max_crashes = 5;
  /// What a job's webhook is to be told at its end; nothing if it has none.
  std::function<std::optional<WebhookDelivery>(const JobRecord& job)> webhook = nullptr;
  /// Called once such a delivery is on disk.
  std::function<void()> webhook_kept = nullptr;
  /// Called each minute, and once at the start: files that have had their time.
  std::function<void()> tidy = nullptr;
};

class JobService {
 public:
  /// Takes up what the store has: queued jobs, and running ones again. Everything outlives the service.
  JobService(JobStore& store, Workshop workshop, ServiceSettings settings, MillisClock clock);
  ~JobService();

  void add_listener(JobListener& listener);  // before start()
  void start();
  /// Lets the running job go (it is queued again at the next start) or, with `finish_running`, waits for it.
  void stop(bool finish_running);

  /// `done` is called when the job is on disk, or with QueueFull, DuplicateJob, IdempotencyConflict...
  void submit(Submission submission, SubmitDone done);

  struct Queue {
    std::vector<std::shared_ptr<const JobRecord>> running, pending;  // pending: the next one first
    bool paused = false;
  };
  Queue queue() const;
  size_t remaining() const;

  /// The state as committed, or as queued and running in memory.
  std::optional<JobRecord> find(const std::string& job) const;
  /// `done` with the outcome once it is certain; a running job's steps stop soon after.
  void cancel(const std::string& job, std::function<void(CancelOutcome)> done);
  /// The same, but leaves a job alone that runs: ComfyUI's POST /queue. Then it is already over, as far as waiting goes.
  void cancel_pending(const std::string& job, std::function<void(CancelOutcome)> done);
  /// Cancels the job that runs now, if any and, with a name, if it is that one. ComfyUI's /interrupt.
  void interrupt(const std::string& job = "");
  std::optional<QueuePlace> move(const std::string& job, std::optional<int64_t> priority, std::optional<size_t> position);
  void pause(bool paused);

  /// Calls once when the job is over (with its record), or at once; nothing for an unknown one. The number cancels it.
  int64_t when_over(const std::string& job, std::function<void(std::optional<JobRecord>)> call);
  void forget_when_over(int64_t number);

  /// Between jobs: drops results and networks from memory.
  void free_memory();

  JobStore& store();
  const Workshop& workshop() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace heddle
