// Where jobs, events, history, pipelines and what is owed to webhooks are kept. An interface that names no database: a
// store for many machines may stand behind it later. Writes are carried out in the order of the calls, many of them in
// one commit, and say when they are on disk; reads see committed writes only. All methods are thread-safe.
#pragma once

#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/jobs/job_record.h"
#include "engine/key.h"
#include "engine/saved_output.h"

namespace heddle {

enum class Durability {
  kFull,     // outlives a power cut
  kProcess,  // outlives a killed process
};

/// Called on the store's own thread once a write is on disk, or with what prevented it (disk full...). Must be quick.
using Committed = std::function<void(std::exception_ptr failure)>;
/// The same for a write that keeps an event: with the event's number.
using EventKept = std::function<void(int64_t number, std::exception_ptr failure)>;

struct AcceptedJob {
  std::string id;
  int64_t order = 0;
  bool is_new = true;  // false: the idempotency key was known, and `id` is the job it stands for
  int64_t event = 0;   // number of "queued"
};
using JobAccepted = std::function<void(const AcceptedJob& accepted, std::exception_ptr failure)>;

/// Thrown by accept() to its callback: the id exists already.
struct DuplicateJob : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// The same idempotency key came with another request.
struct IdempotencyConflict : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Idempotency {
  std::string key;         // "": none
  std::string request_sha256;  // of the body it came with
};

/// A page of jobs, newest first unless said otherwise.
struct JobQuery {
  std::optional<JobState> state = std::nullopt;
  bool only_over = false;
  bool only_started = false;     // leaves out jobs that were cancelled while they waited
  bool oldest_first = false;
  int64_t after = 0;             // order of the last job of the page before; 0: the first page
  int64_t offset = 0;            // jobs to skip; for ComfyUI's history
  int limit = 100;
  bool without_request = false;  // leaves `request` null: lists need not carry graphs
};

/// A file about to be put in its place by a job that has not finished the step.
struct FileIntent {
  std::string job;
  std::filesystem::path path;
  std::string sha256;
};

struct PipelineRevision {
  std::string name, sha256;
  int64_t number = 0;  // 1, 2... of that name
  Json document;
  Millis time = 0;
};

struct WebhookDelivery {
  int64_t id = 0;
  std::string job, url, secret, body;
  int attempts = 0;
  Millis next = 0;
};

class JobStore {
 public:
  virtual ~JobStore() = default;

  // Writes.
  /// Adds a queued job, its first event ("queued"), and remembers the idempotency key.
  virtual void accept(const JobRecord& job, Idempotency idempotency, JobAccepted done) = 0;
  /// State running, started now; an event "started". `started` stays as it was for a job that had started before.
  virtual void start(const std::string& job, Millis now, EventKept done) = 0;
  /// Keeps an event. For "step_finished" with "cached" false it also sets the job's `crashes` to 0 and forgets the
  /// intents of the job for paths in data["files"][]["path"]... which the store drops from what it keeps of the event.
  virtual void add_event(JobEvent event, EventKept done) = 0;
  /// The end of a job: state, result, an event named after the state with data {"error"} where there is one, its intents
  /// forgotten, a webhook delivery if it asked for one.
  virtual void finish(const std::string& job, JobState state, const Json& result, Millis now,
                      std::optional<WebhookDelivery> webhook, EventKept done) = 0;
  /// Back to queued, with `crashes`; an event "requeued".
  virtual void requeue(const std::string& job, int crashes, Millis now, EventKept done) = 0;
  virtual void set_place(const std::string& job, QueuePlace place, Committed done) = 0;
  /// Jobs that are over, with events and keys; others are left. Files are the caller's business.
  virtual void remove(const std::vector<std::string>& jobs, Committed done) = 0;
  virtual void remember_output(const Key& step, SavedOutput output, Committed done) = 0;
  virtual void intend(FileIntent intent, Committed done) = 0;
  virtual void forget_intents(const std::string& job, Committed done) = 0;
  virtual void set_setting(const std::string& name, Json value, Committed done) = 0;  // "paused", "next_number"...
  virtual void add_revision(PipelineRevision revision, Committed done) = 0;
  virtual void remove_pipeline(const std::string& name, Committed done) = 0;
  virtual void set_delivery(int64_t id, int attempts, Millis next, Committed done) = 0;
  virtual void remove_delivery(int64_t id, Committed done) = 0;

  // Reads.
  virtual std::optional<JobRecord> find(const std::string& job) = 0;
  virtual std::vector<JobRecord> list(const JobQuery& query) = 0;
  virtual std::vector<std::pair<JobState, int64_t>> counts() = 0;
  /// Kept events with a greater number, oldest first; job "": of all jobs.
  virtual std::vector<JobEvent> events(const std::string& job, int64_t after, int limit) = 0;
  virtual int64_t last_event_number() = 0;
  /// Jobs that are over and list a file of that hash in result["files"]; newest first, at most `limit`.
  virtual std::vector<std::string> jobs_with_file(const std::string& sha256, int limit) = 0;
  virtual std::optional<SavedOutput> saved_output(const Key& step) = 0;
  virtual std::vector<FileIntent> intents(const std::string& job) = 0;
  virtual Json setting(const std::string& name) = 0;  // null if it was never set
  /// `which`: "" the newest, a number, or the beginning (8 digits or more) of a sha256.
  virtual std::optional<PipelineRevision> revision(const std::string& name, const std::string& which) = 0;
  virtual std::vector<PipelineRevision> revisions(const std::string& name) = 0;  // oldest first; documents left null
  virtual std::vector<std::string> pipelines() = 0;
  /// Those that are due by then, and those that were never tried.
  virtual std::vector<WebhookDelivery> deliveries(Millis due, int limit) = 0;

  /// Jobs that are over beyond `most`, or finished before `before`: their ids, oldest first, at most 1000.
  virtual std::vector<std::string> outdated(int64_t most, Millis before) = 0;

  /// Waits until what was asked before is on disk.
  virtual void flush() = 0;
  /// `told` is called on the store's own thread after the calls that one commit has led to.
  virtual void after_each_commit(std::function<void()> told) = 0;
};

/// SQLite, in `folder`/heddle.db (WAL). Creates the folder. Throws std::runtime_error in words: in use by another server,
/// written by a newer heddle, not writable. A damaged database is kept as heddle.db.damaged-TIME and a new one begun; what
/// was said of it is in `notice`, for the log.
std::unique_ptr<JobStore> open_sqlite_store(const std::filesystem::path& folder, Durability durability, Millis now,
                                            std::string& notice);

/// store.accept() and kin, waited for. Throws what prevented it.
AcceptedJob accept_and_wait(JobStore& store, JobRecord job, Idempotency idempotency);
void wait_for(const std::function<void(Committed done)>& write);

}  // namespace heddle
