// The job store over SQLite: one connection on the thread of the group writer, and a few that read, which WAL lets go
// on while a commit is flushed. Statements are in sqlite_job_writes and sqlite_job_reads; here is who carries them out.
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "engine/jobs/group_writer.h"
#include "engine/jobs/job_store.h"
#include "engine/jobs/sqlite.h"
#include "engine/jobs/sqlite_job_reads.h"
#include "engine/jobs/sqlite_job_writes.h"
#include "engine/jobs/store_file.h"
#include "engine/json_access.h"

namespace heddle {
namespace {

// JSON as text, made where it is constructed; what prevented it (text that is not UTF-8) is thrown where it is needed.
class JsonText {
 public:
  explicit JsonText(const Json& json) {
    try {
      text_ = dump_python(json);
    } catch (const JsonError&) {
      failure_ = std::current_exception();
    }
  }
  const std::string& get() const {
    if (failure_) std::rethrow_exception(failure_);
    return text_;
  }

 private:
  std::string text_;
  std::exception_ptr failure_;
};

class SqliteTransactions final : public Transactions {
 public:
  SqliteTransactions(sqlite::Connection& db, Written& written) : db_(db), written_(written) {}
  void begin() override { db_.run("BEGIN IMMEDIATE"); }
  void commit() override {
    write_starts(db_, written_);
    db_.run("COMMIT");
  }
  void roll_back() override {
    written_.starting.clear();
    if (db_.in_transaction()) db_.run("ROLLBACK");
  }
  bool is_open() override { return db_.in_transaction(); }
  int64_t changes() override { return db_.total_changes(); }

 private:
  sqlite::Connection& db_;
  Written& written_;
};

// Connections that read, as many as there were readers at once.
class Readers {
 public:
  explicit Readers(std::filesystem::path folder) : folder_(std::move(folder)) {}

  template <class Read>
  auto read(const Read& read) {
    const Lease lease{*this, take()};
    return read(*lease.connection);
  }

 private:
  using Owned = std::unique_ptr<sqlite::Connection>;
  struct Lease {
    Readers& readers;
    Owned connection;
    ~Lease() {
      const std::lock_guard lock(readers.mutex_);
      readers.idle_.push_back(std::move(connection));
    }
  };

  Owned take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        Owned connection = std::move(idle_.back());
        idle_.pop_back();
        return connection;
      }
    }
    return open_for_reading(folder_);
  }

  const std::filesystem::path folder_;
  std::mutex mutex_;
  std::vector<Owned> idle_;
};

// Takes the paths out of an event's files: they are the store's business, and say where things lie on this machine.
std::vector<std::string> take_paths(Json& data) {
  std::vector<std::string> paths;
  if (!data.is_object() || !data.contains("files") || !data["files"].is_array()) return paths;
  for (Json& file : data["files"]) {
    if (!member(file, "path").is_string()) continue;
    paths.push_back(file["path"].get<std::string>());
    file.erase("path");
  }
  return paths;
}

bool is_progress(const JobEvent& event) {
  return event.type == "step_finished" && !is_true(member(event.data, "cached"));
}

JobRecord without_request(const JobRecord& job) {
  JobRecord small{.id = job.id, .order = job.order, .state = job.state, .place = job.place};
  small.created = job.created;
  small.started = job.started;
  small.finished = job.finished;
  small.crashes = job.crashes;
  return small;
}

// What output steps have made, as far as it was asked for lately: a cached job needs no read of the database.
class RecentOutputs {
 public:
  std::optional<SavedOutput> find(const std::string& step) const {
    const std::lock_guard lock(mutex_);
    const auto found = outputs_.find(step);
    return found == outputs_.end() ? std::nullopt : std::optional(found->second);
  }
  void put(const std::string& step, const SavedOutput& output) {
    const std::lock_guard lock(mutex_);
    if (outputs_.size() >= kMost) outputs_.clear();
    outputs_.insert_or_assign(step, output);
  }

 private:
  static constexpr size_t kMost = 1000;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, SavedOutput> outputs_;
};

class SqliteJobStore final : public JobStore {
  using Hurry = GroupWriter::Hurry;

 public:
  SqliteJobStore(const std::filesystem::path& folder, Durability durability, Millis now, std::string& notice)
      : lock_(lock_store_folder(folder)),
        db_(open_for_writing(folder, durability, now, notice)),
        written_{.numbers = read_numbers(*db_), .live = {}, .starting = {}},
        transactions_(*db_, written_),
        readers_(folder),
        writer_(transactions_) {}

  void accept(const JobRecord& job, Idempotency idempotency, JobAccepted done) override {
    struct Work {
      JobRecord job;
      Idempotency idempotency;
      JsonText request;
      JobAccepted done;
      AcceptedJob accepted = {};
    };
    auto work = std::make_shared<Work>(
        Work{without_request(job), std::move(idempotency), JsonText(job.request), std::move(done)});
    writer_.add(
        [this, work] { work->accepted = insert_job(*db_, written_, work->job, work->request.get(), work->idempotency); },
        [work](std::exception_ptr failure) {
          if (work->done) work->done(failure ? AcceptedJob{} : work->accepted, failure);
        });
  }

  void start(const std::string& job, Millis now, EventKept done) override {
    keep_event([this, job, now] { return mark_started(*db_, written_, job, now); }, std::move(done), Hurry::kHasTime);
  }

  void add_event(JobEvent event, EventKept done) override {
    EventRow row{.job = std::move(event.job), .type = event.type, .data = {}, .time = event.time};
    row.is_progress = is_progress(event);
    if (event.type == "step_finished") row.paths = take_paths(event.data);
    keep_event(
        [this, row = std::move(row), data = JsonText(event.data)]() mutable {
          row.data = data.get();
          return insert_event(*db_, written_, row);
        },
        std::move(done), Hurry::kHasTime);
  }

  void finish(const std::string& job, JobState state, const Json& result, Millis now, std::optional<WebhookDelivery> webhook,
              EventKept done) override {
    Json data = Json::object();
    if (const Json& error = member(result, "error"); !error.is_null()) data["error"] = error;
    Ending ending{.job = job, .state = state, .result = {}, .event_data = {}, .time = now};
    ending.webhook = std::move(webhook);
    for (const Json& file : items_of(member(result, "files"))) ending.files.emplace_back(text_or(member(file, "sha256"), ""));
    keep_event(
        [this, ending = std::move(ending), text = JsonText(result), data = JsonText(data)]() mutable {
          ending.result = text.get();
          ending.event_data = data.get();
          return mark_over(*db_, written_, ending);
        },
        std::move(done));
  }

  void requeue(const std::string& job, int crashes, Millis now, EventKept done) override {
    keep_event([this, job, crashes, now] { return mark_requeued(*db_, written_, job, crashes, now); }, std::move(done));
  }

  void set_place(const std::string& job, QueuePlace place, Committed done) override {
    writer_.add([this, job, place] { place_job(*db_, written_, job, place); }, std::move(done));
  }

  void remove(const std::vector<std::string>& jobs, Committed done) override {
    writer_.add([this, jobs] { delete_jobs(*db_, written_.numbers, jobs); }, std::move(done));
  }

  void remember_output(const Key& step, SavedOutput output, Committed done) override {
    const auto kept = std::make_shared<const SavedOutput>(std::move(output));
    writer_.add([this, step = step.hex(), kept, ui = JsonText(kept->ui)] { replace_output(*db_, step, ui.get(), kept->files); },
                [this, step = step.hex(), kept, done = std::move(done)](std::exception_ptr failure) {
                  if (!failure) outputs_.put(step, *kept);
                  done(failure);
                },
                Hurry::kHasTime);
  }

  void intend(FileIntent intent, Committed done) override {
    writer_.add([this, intent = std::move(intent)] { insert_intent(*db_, written_, intent); }, std::move(done));
  }

  void forget_intents(const std::string& job, Committed done) override {
    writer_.add(
        [this, job] { db_->run("DELETE FROM intents WHERE ord = (SELECT ord FROM jobs WHERE id = ?)", {job}); },
        std::move(done));
  }

  void set_setting(const std::string& name, Json value, Committed done) override {
    writer_.add(
        [this, name, value = JsonText(value)] {
          db_->run("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", {name, value.get()});
        },
        std::move(done));
  }

  void add_revision(PipelineRevision revision, Committed done) override {
    JsonText document(revision.document);
    revision.document = nullptr;
    writer_.add([this, revision = std::move(revision),
                 document = std::move(document)] { insert_revision(*db_, revision, document.get()); },
                std::move(done));
  }

  void remove_pipeline(const std::string& name, Committed done) override {
    writer_.add([this, name] { db_->run("DELETE FROM revisions WHERE name = ?", {name}); }, std::move(done));
  }

  void set_delivery(int64_t id, int attempts, Millis next, Committed done) override {
    writer_.add(
        [this, id, attempts, next] {
          db_->run("UPDATE deliveries SET attempts = ?, next = ? WHERE id = ?", {attempts, next, id});
        },
        std::move(done));
  }

  void remove_delivery(int64_t id, Committed done) override {
    writer_.add([this, id] { db_->run("DELETE FROM deliveries WHERE id = ?", {id}); }, std::move(done));
  }

  std::optional<JobRecord> find(const std::string& job) override {
    return readers_.read([&](auto& db) { return read_job(db, job); });
  }
  std::vector<JobRecord> list(const JobQuery& query) override {
    return readers_.read([&](auto& db) { return read_jobs(db, query); });
  }
  std::vector<std::pair<JobState, int64_t>> counts() override {
    return readers_.read([](auto& db) { return read_counts(db); });
  }
  std::vector<JobEvent> events(const std::string& job, int64_t after, int limit) override {
    return readers_.read([&](auto& db) { return read_events(db, job, after, limit); });
  }
  int64_t last_event_number() override {
    return readers_.read([](auto& db) { return read_numbers(db).event; });
  }
  std::vector<std::string> jobs_with_file(const std::string& sha256, int limit) override {
    return readers_.read([&](auto& db) { return read_jobs_with_file(db, sha256, limit); });
  }
  std::optional<SavedOutput> saved_output(const Key& step) override {
    const std::string name = step.hex();
    if (auto output = outputs_.find(name)) return output;
    return readers_.read([&](auto& db) { return read_output(db, name); });
  }
  std::vector<FileIntent> intents(const std::string& job) override {
    return readers_.read([&](auto& db) { return read_intents(db, job); });
  }
  Json setting(const std::string& name) override {
    return readers_.read([&](auto& db) {
      const auto value = db.text("SELECT value FROM settings WHERE name = ?", {name});
      return value ? parse_json(*value) : Json(nullptr);
    });
  }
  std::optional<PipelineRevision> revision(const std::string& name, const std::string& which) override {
    return readers_.read([&](auto& db) { return read_revision(db, name, which); });
  }
  std::vector<PipelineRevision> revisions(const std::string& name) override {
    return readers_.read([&](auto& db) { return read_revisions(db, name); });
  }
  std::vector<std::string> pipelines() override {
    return readers_.read([](auto& db) {
      std::vector<std::string> names;
      sqlite::Rows rows = db.query("SELECT DISTINCT name FROM revisions ORDER BY name");
      while (rows.next()) names.emplace_back(rows.text(0));
      return names;
    });
  }
  std::vector<WebhookDelivery> deliveries(Millis due, int limit) override {
    return readers_.read([&](auto& db) { return read_deliveries(db, due, limit); });
  }
  std::vector<std::string> outdated(int64_t most, Millis before) override {
    return readers_.read([&](auto& db) { return read_outdated(db, most, before); });
  }

  void flush() override { writer_.flush(); }
  void after_each_commit(std::function<void()> told) override { writer_.after_each_group(std::move(told)); }

 private:
  /// A write that returns the number of its event.
  void keep_event(std::function<int64_t()> write, EventKept done, Hurry hurry = Hurry::kNow) {
    const auto number = std::make_shared<int64_t>(0);
    writer_.add([number, write = std::move(write)] { *number = write(); },
                [number, done = std::move(done)](std::exception_ptr failure) {
                  if (done) done(failure ? 0 : *number, failure);
                },
                hurry);
  }

  const Fd lock_;
  const std::unique_ptr<sqlite::Connection> db_;  // the writer's thread only, once it runs
  Written written_;  // of the writer's thread
  SqliteTransactions transactions_;
  Readers readers_;
  RecentOutputs outputs_;
  GroupWriter writer_;
};

}  // namespace

std::unique_ptr<JobStore> open_sqlite_store(const std::filesystem::path& folder, Durability durability, Millis now,
                                            std::string& notice) {
  return std::make_unique<SqliteJobStore>(folder, durability, now, notice);
}

}  // namespace heddle
