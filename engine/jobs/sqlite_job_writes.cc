#include "engine/jobs/sqlite_job_writes.h"

#include <algorithm>
#include <stdexcept>

namespace heddle {
namespace {

// Output steps that are remembered; what an older one saved is saved again.
constexpr int64_t kMostOutputs = 100'000;

int64_t order_of(sqlite::Connection& db, const Written& written, const std::string& job) {
  if (const auto known = written.live.find(job); known != written.live.end()) return known->second.order;
  const auto order = db.integer("SELECT ord FROM jobs WHERE id = ?", {job});
  if (!order) throw std::runtime_error("there is no job \"" + job + "\"");
  return *order;
}

// Of a job that is waiting or running.
LiveRow live_row(sqlite::Connection& db, const Written& written, const std::string& job) {
  if (const auto known = written.live.find(job); known != written.live.end()) return known->second;
  int64_t order = 0;
  JobState state = JobState::kQueued;
  {
    sqlite::Rows rows = db.query("SELECT ord, state FROM jobs WHERE id = ?", {job});
    if (!rows.next()) throw std::runtime_error("there is no job \"" + job + "\"");
    order = rows.integer(0);
    state = JobState(rows.integer(1));
  }
  if (is_over(state)) {
    throw std::runtime_error("job \"" + job + "\" is over already: it has " + std::string(name_of(state)));
  }
  return {.order = order, .has_intents = true};
}

int64_t add_event_row(sqlite::Connection& db, Numbers& numbers, int64_t order, std::string_view type, Millis time,
                      std::string_view data) {
  db.run("INSERT INTO events (number, ord, type, time, data) VALUES (?, ?, ?, ?, ?)",
         {++numbers.event, order, type, time, data});
  return numbers.event;
}

std::optional<AcceptedJob> known_by_key(sqlite::Connection& db, const Idempotency& idempotency) {
  if (idempotency.key.empty()) return std::nullopt;
  sqlite::Rows rows = db.query(
      "SELECT k.request_sha256, j.id, j.ord, (SELECT min(number) FROM events WHERE ord = j.ord) "
      "FROM idempotency_keys k JOIN jobs j USING (ord) WHERE k.key = ?",
      {idempotency.key});
  if (!rows.next()) return std::nullopt;
  if (rows.text(0) != idempotency.request_sha256) {
    throw IdempotencyConflict("the idempotency key \"" + idempotency.key +
                              "\" came before with another request; send the same request, or use a new key");
  }
  return AcceptedJob{
      .id = std::string(rows.text(1)), .order = rows.integer(2), .is_new = false, .event = rows.integer(3)};
}

void insert_delivery(sqlite::Connection& db, const std::string& job, const WebhookDelivery& delivery) {
  db.run("INSERT INTO deliveries (job, url, secret, body, attempts, next) VALUES (?, ?, ?, ?, ?, ?)",
         {job, delivery.url, delivery.secret, delivery.body, delivery.attempts, delivery.next});
}

int64_t last_number(sqlite::Connection& db, std::string_view newest, std::string_view setting) {
  const int64_t kept = db.integer("SELECT CAST(value AS INTEGER) FROM settings WHERE name = ?", {setting}).value_or(0);
  return std::max(kept, db.integer(newest).value_or(0));
}

}  // namespace

Numbers read_numbers(sqlite::Connection& db) {
  return {.job = last_number(db, "SELECT max(ord) FROM jobs", "last_job"),
          .event = last_number(db, "SELECT max(number) FROM events", "last_event")};
}

AcceptedJob insert_job(sqlite::Connection& db, Written& written, const JobRecord& job, std::string_view request,
                       const Idempotency& idempotency) {
  if (const auto known = known_by_key(db, idempotency)) return *known;
  const int64_t order = ++written.numbers.job;
  const int64_t added = db.run("INSERT INTO jobs (ord, id, state, priority, number, created, crashes) "
                               "VALUES (?, ?, 0, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                               {order, job.id, job.place.priority, job.place.number, job.created, job.crashes});
  if (added == 0) throw DuplicateJob("there is a job \"" + job.id + "\" already; leave the id out, or use a new one");
  db.run("INSERT INTO requests (ord, request) VALUES (?, ?)", {order, request});
  const int64_t event = add_event_row(db, written.numbers, order, "queued", job.created, "{}");
  if (!idempotency.key.empty()) {
    db.run("INSERT INTO idempotency_keys (key, request_sha256, ord) VALUES (?, ?, ?)",
           {idempotency.key, idempotency.request_sha256, order});
  }
  written.live[job.id] = {.order = order};
  return {.id = job.id, .order = order, .event = event};
}

int64_t insert_event(sqlite::Connection& db, Written& written, const EventRow& event) {
  const int64_t order = order_of(db, written, event.job);
  const int64_t number = add_event_row(db, written.numbers, order, event.type, event.time, event.data);
  if (event.is_progress) db.run("UPDATE jobs SET crashes = 0 WHERE ord = ? AND crashes <> 0", {order});
  for (const std::string& path : event.paths) {
    db.run("DELETE FROM intents WHERE ord = ? AND path = ?", {order, path});
  }
  return number;
}

int64_t mark_started(sqlite::Connection& db, Written& written, const std::string& job, Millis now) {
  const int64_t order = live_row(db, written, job).order;
  written.starting.emplace(order, now);
  return add_event_row(db, written.numbers, order, "started", now, "{}");
}

void write_starts(sqlite::Connection& db, Written& written) {
  for (const auto& [order, now] : written.starting) {
    db.run("UPDATE jobs SET state = 1, started = iif(started = 0, ?, started) WHERE ord = ?", {now, order});
  }
  written.starting.clear();
}

int64_t mark_requeued(sqlite::Connection& db, Written& written, const std::string& job, int crashes, Millis now) {
  const int64_t order = live_row(db, written, job).order;
  write_starts(db, written);
  db.run("UPDATE jobs SET state = 0, crashes = ? WHERE ord = ?", {crashes, order});
  return add_event_row(db, written.numbers, order, "requeued", now, "{\"crashes\": " + std::to_string(crashes) + "}");
}

void place_job(sqlite::Connection& db, const Written& written, const std::string& job, const QueuePlace& place) {
  db.run("UPDATE jobs SET priority = ?, number = ? WHERE ord = ?",
         {place.priority, place.number, live_row(db, written, job).order});
}

int64_t mark_over(sqlite::Connection& db, Written& written, const Ending& ending) {
  const auto [order, has_intents] = live_row(db, written, ending.job);
  const auto starting = written.starting.extract(order);
  db.run("UPDATE jobs SET state = ?, started = iif(started = 0, ?, started), finished = ? WHERE ord = ?",
         {int(ending.state), starting ? starting.mapped() : 0, ending.time, order});
  db.run("INSERT INTO results (ord, result) VALUES (?, ?)", {order, ending.result});
  if (has_intents) db.run("DELETE FROM intents WHERE ord = ?", {order});
  for (const std::string& sha256 : ending.files) {
    db.run("INSERT OR IGNORE INTO result_files (sha256, ord) VALUES (?, ?)", {sha256, order});
  }
  if (ending.webhook) insert_delivery(db, ending.job, *ending.webhook);
  written.live.erase(ending.job);
  return add_event_row(db, written.numbers, order, name_of(ending.state), ending.time, ending.event_data);
}

void delete_jobs(sqlite::Connection& db, const Numbers& numbers, const std::vector<std::string>& jobs) {
  db.run("INSERT OR REPLACE INTO settings (name, value) VALUES ('last_job', ?), ('last_event', ?)",
         {std::to_string(numbers.job), std::to_string(numbers.event)});
  for (const std::string& job : jobs) db.run("DELETE FROM jobs WHERE id = ? AND state >= 2", {job});
}

void replace_output(sqlite::Connection& db, const std::string& step, std::string_view ui,
                    const std::vector<SavedFileRecord>& files) {
  db.run("DELETE FROM saved_outputs WHERE step = ?", {step});
  db.run("INSERT INTO saved_outputs (step, ui) VALUES (?, ?)", {step, ui});
  db.run("DELETE FROM saved_outputs WHERE rowid <= ?", {db.last_row() - kMostOutputs});
  for (size_t place = 0; place < files.size(); ++place) {
    const SavedFileRecord& file = files[place];
    db.run("INSERT INTO saved_files (step, place, path, sha256, bytes) VALUES (?, ?, ?, ?, ?)",
           {step, int64_t(place), file.path.native(), file.sha256, int64_t(file.bytes)});
  }
}

void insert_intent(sqlite::Connection& db, Written& written, const FileIntent& intent) {
  const auto known = written.live.find(intent.job);
  if (known != written.live.end()) known->second.has_intents = true;
  db.run("INSERT OR REPLACE INTO intents (ord, path, sha256) VALUES (?, ?, ?)",
         {order_of(db, written, intent.job), intent.path.native(), intent.sha256});
}

void insert_revision(sqlite::Connection& db, const PipelineRevision& revision, std::string_view document) {
  int64_t newest = 0;
  {
    sqlite::Rows rows = db.query("SELECT number, sha256 FROM revisions WHERE name = ? ORDER BY number DESC LIMIT 1",
                                 {revision.name});
    if (rows.next()) {
      if (rows.text(1) == revision.sha256) return;
      newest = rows.integer(0);
    }
  }
  if (revision.number != 0 && revision.number <= newest) {
    throw std::runtime_error("pipeline \"" + revision.name + "\" has a revision " + std::to_string(revision.number) +
                             " already");
  }
  db.run("INSERT INTO revisions (name, number, sha256, time, document) VALUES (?, ?, ?, ?, ?)",
         {revision.name, revision.number ? revision.number : newest + 1, revision.sha256, revision.time, document});
}

}  // namespace heddle
