#include "engine/jobs/sqlite_job_reads.h"

#include <algorithm>

namespace heddle {
namespace {

using sqlite::Connection;
using sqlite::Rows;

// A delivery that has to wait for longer was put off by a clock that has been set back since.
constexpr Millis kLongestDelay = 2 * 3'600'000;
using sqlite::Transaction;

constexpr int64_t kMostOutdated = 1000;

std::string string_at(const Rows& rows, int column) { return std::string(rows.text(column)); }

Json json_at(const Rows& rows, int column) {
  return rows.is_null(column) ? Json(nullptr) : parse_json(rows.text(column));
}

// Columns of jobs, in this order, and no others.
constexpr std::string_view kJobByOrder =
    "SELECT id, state, priority, number, created, started, finished, crashes FROM jobs WHERE ord = ?";

enum class Carry { kAll, kNoRequest };

std::optional<JobRecord> read_at(Connection& db, int64_t order, Carry carry) {
  JobRecord job;
  {
    Rows rows = db.query(kJobByOrder, {order});
    if (!rows.next()) return std::nullopt;
    job.id = string_at(rows, 0);
    job.order = order;
    job.state = JobState(rows.integer(1));
    job.place = {.priority = rows.integer(2), .number = rows.real(3)};
    job.created = rows.integer(4);
    job.started = rows.integer(5);
    job.finished = rows.integer(6);
    job.crashes = int(rows.integer(7));
  }
  if (carry == Carry::kAll) {
    Rows rows = db.query("SELECT request FROM requests WHERE ord = ?", {order});
    if (rows.next()) job.request = json_at(rows, 0);
  }
  Rows rows = db.query("SELECT result FROM results WHERE ord = ?", {order});
  if (rows.next()) job.result = json_at(rows, 0);
  return job;
}

// Orders first, so that a page far down costs little.
std::string page_sql(const JobQuery& query) {
  std::string sql = "SELECT ord FROM jobs WHERE ";
  sql += query.state ? "state = " + std::to_string(int(*query.state)) : query.only_over ? "state >= 2" : "true";
  if (query.only_started) sql += " AND started > 0";
  if (query.after > 0) sql += query.oldest_first ? " AND ord > ?1" : " AND ord < ?1";
  sql += query.oldest_first ? " ORDER BY ord" : " ORDER BY ord DESC";
  return sql + " LIMIT ?2 OFFSET ?3";
}

std::vector<int64_t> read_orders(Connection& db, std::string_view sql, sqlite::Values values) {
  std::vector<int64_t> orders;
  Rows rows = db.query(sql, values);
  while (rows.next()) orders.push_back(rows.integer(0));
  return orders;
}

JobEvent event_at(const Rows& rows, std::string job) {
  return {.number = rows.integer(0),
          .job = std::move(job),
          .type = string_at(rows, 1),
          .data = json_at(rows, 3),
          .time = rows.integer(2)};
}

bool is_number(const std::string& which) {
  return which.size() < 8 && std::all_of(which.begin(), which.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_hash(const std::string& which) {
  return which.size() >= 8 && which.size() <= 64 &&
         which.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::optional<int64_t> number_of(Connection& db, const std::string& name, const std::string& which) {
  if (which.empty()) return db.integer("SELECT max(number) FROM revisions WHERE name = ?", {name});
  if (is_number(which)) return std::stoll(which);
  if (!is_hash(which)) return std::nullopt;
  return db.integer("SELECT max(number) FROM revisions WHERE name = ? AND sha256 GLOB ?", {name, which + "*"});
}

}  // namespace

std::optional<JobRecord> read_job(Connection& db, const std::string& job) {
  const Transaction transaction(db, Transaction::Kind::kRead);
  const auto order = db.integer("SELECT ord FROM jobs WHERE id = ?", {job});
  return order ? read_at(db, *order, Carry::kAll) : std::nullopt;
}

std::vector<JobRecord> read_jobs(Connection& db, const JobQuery& query) {
  const Transaction transaction(db, Transaction::Kind::kRead);
  const Carry carry = query.without_request ? Carry::kNoRequest : Carry::kAll;
  std::vector<JobRecord> jobs;
  for (const int64_t order : read_orders(db, page_sql(query), {query.after, query.limit, query.offset})) {
    if (auto job = read_at(db, order, carry)) jobs.push_back(std::move(*job));
  }
  return jobs;
}

std::vector<std::pair<JobState, int64_t>> read_counts(Connection& db) {
  std::vector<std::pair<JobState, int64_t>> counts;
  for (int state = 0; state < int(kJobStateNames.size()); ++state) {
    counts.emplace_back(JobState(state), db.integer("SELECT count(*) FROM jobs WHERE state = ?", {state}).value_or(0));
  }
  return counts;
}

std::vector<std::string> read_outdated(Connection& db, int64_t most, Millis before) {
  const Transaction transaction(db, Transaction::Kind::kRead);
  const int64_t over = db.integer("SELECT count(*) FROM jobs WHERE state >= 2").value_or(0);
  const int64_t surplus = std::clamp<int64_t>(over - most, 0, kMostOutdated);
  std::vector<int64_t> orders =
      read_orders(db, "SELECT ord FROM jobs WHERE state >= 2 ORDER BY ord LIMIT ?", {surplus});
  if (before > 0) {
    const std::vector<int64_t> old = read_orders(
        db, "SELECT ord FROM jobs WHERE state >= 2 AND finished < ? ORDER BY finished LIMIT ?", {before, kMostOutdated});
    orders.insert(orders.end(), old.begin(), old.end());
  }
  std::sort(orders.begin(), orders.end());
  orders.erase(std::unique(orders.begin(), orders.end()), orders.end());
  if (orders.size() > size_t(kMostOutdated)) orders.resize(size_t(kMostOutdated));

  std::vector<std::string> jobs;
  for (const int64_t order : orders) {
    if (auto job = db.text("SELECT id FROM jobs WHERE ord = ?", {order})) jobs.push_back(std::move(*job));
  }
  return jobs;
}

std::vector<std::string> read_jobs_with_file(Connection& db, const std::string& sha256, int limit) {
  std::vector<std::string> jobs;
  Rows rows = db.query(
      "SELECT j.id FROM result_files f CROSS JOIN jobs j USING (ord) WHERE f.sha256 = ? ORDER BY f.ord DESC LIMIT ?",
      {sha256, limit});
  while (rows.next()) jobs.push_back(string_at(rows, 0));
  return jobs;
}

std::vector<JobEvent> read_events(Connection& db, const std::string& job, int64_t after, int limit) {
  std::vector<JobEvent> events;
  if (!job.empty()) {
    Rows rows = db.query(
        "SELECT number, type, time, data FROM events "
        "WHERE ord = (SELECT ord FROM jobs WHERE id = ?) AND number > ? ORDER BY number LIMIT ?",
        {job, after, limit});
    while (rows.next()) events.push_back(event_at(rows, job));
    return events;
  }
  Rows rows = db.query(
      "SELECT e.number, e.type, e.time, e.data, j.id FROM events e CROSS JOIN jobs j USING (ord) "
      "WHERE e.number > ? ORDER BY e.number LIMIT ?",
      {after, limit});
  while (rows.next()) events.push_back(event_at(rows, string_at(rows, 4)));
  return events;
}

std::optional<SavedOutput> read_output(Connection& db, const std::string& step) {
  const Transaction transaction(db, Transaction::Kind::kRead);
  SavedOutput output;
  {
    Rows rows = db.query("SELECT ui FROM saved_outputs WHERE step = ?", {step});
    if (!rows.next()) return std::nullopt;
    output.ui = json_at(rows, 0);
  }
  Rows rows = db.query("SELECT path, sha256, bytes FROM saved_files WHERE step = ? ORDER BY place", {step});
  while (rows.next()) {
    output.files.push_back(
        {.path = string_at(rows, 0), .sha256 = string_at(rows, 1), .bytes = uint64_t(rows.integer(2))});
  }
  return output;
}

std::vector<FileIntent> read_intents(Connection& db, const std::string& job) {
  std::vector<FileIntent> intents;
  Rows rows = db.query(
      "SELECT path, sha256 FROM intents WHERE ord = (SELECT ord FROM jobs WHERE id = ?) ORDER BY path", {job});
  while (rows.next()) intents.push_back({.job = job, .path = string_at(rows, 0), .sha256 = string_at(rows, 1)});
  return intents;
}

std::optional<PipelineRevision> read_revision(Connection& db, const std::string& name, const std::string& which) {
  const Transaction transaction(db, Transaction::Kind::kRead);
  const auto number = number_of(db, name, which);
  if (!number) return std::nullopt;
  Rows rows =
      db.query("SELECT sha256, document, time FROM revisions WHERE name = ? AND number = ?", {name, *number});
  if (!rows.next()) return std::nullopt;
  return PipelineRevision{.name = name,
                          .sha256 = string_at(rows, 0),
                          .number = *number,
                          .document = json_at(rows, 1),
                          .time = rows.integer(2)};
}

std::vector<PipelineRevision> read_revisions(Connection& db, const std::string& name) {
  std::vector<PipelineRevision> revisions;
  Rows rows = db.query("SELECT number, sha256, time FROM revisions WHERE name = ? ORDER BY number", {name});
  while (rows.next()) {
    revisions.push_back({.name = name,
                         .sha256 = string_at(rows, 1),
                         .number = rows.integer(0),
                         .document = nullptr,
                         .time = rows.integer(2)});
  }
  return revisions;
}

std::vector<WebhookDelivery> read_deliveries(Connection& db, Millis due, int limit) {
  std::vector<WebhookDelivery> deliveries;
  Rows rows = db.query(
      "SELECT id, job, url, secret, body, attempts, next FROM deliveries WHERE next <= ? OR attempts = 0 OR next > ? "
      "ORDER BY next, id LIMIT ?",
      {due, due + kLongestDelay, limit});
  while (rows.next()) {
    deliveries.push_back({.id = rows.integer(0),
                          .job = string_at(rows, 1),
                          .url = string_at(rows, 2),
                          .secret = string_at(rows, 3),
                          .body = string_at(rows, 4),
                          .attempts = int(rows.integer(5)),
                          .next = rows.integer(6)});
  }
  return deliveries;
}

}  // namespace heddle
