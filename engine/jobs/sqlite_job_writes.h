// What the writes of the job store do to its tables, each within a transaction of the caller's. JSON comes as text: it
// is made on the threads that ask, not on the one that writes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/jobs/job_store.h"
#include "engine/jobs/sqlite.h"

namespace heddle {

/// The last numbers given to jobs (their `ord`) and events. They are counted in memory, and kept where rows are removed:
/// numbers never come back.
struct Numbers {
  int64_t job = 0, event = 0;
};
Numbers read_numbers(sqlite::Connection& db);

/// What the writing thread knows of a job that is not over, having written it. A transaction that is rolled back may
/// leave one too many here, of a job that never was; what is missing is read from the tables.
struct LiveRow {
  int64_t order = 0;
  bool has_intents = false;  // there may be some
};
struct Written {
  Numbers numbers;
  std::unordered_map<std::string, LiveRow> live;
  std::unordered_map<int64_t, Millis> starting;  // jobs by their order, whose rows say so at the commit
};
/// Before the commit: a job that is over by then has its row changed once.
void write_starts(sqlite::Connection& db, Written& written);

/// A new job, or the one that its idempotency key stands for. Throws DuplicateJob or IdempotencyConflict, having
/// changed nothing.
AcceptedJob insert_job(sqlite::Connection& db, Written& written, const JobRecord& job, std::string_view request,
                       const Idempotency& idempotency);

/// An event; `paths` are those of files that the job has now put in place, as intended. `is_progress`: the job got
/// further than before it crashed.
struct EventRow {
  std::string job, type, data;
  Millis time = 0;
  bool is_progress = false;
  std::vector<std::string> paths = {};
};
/// Throws if there is no such job. These writes return the number of the event that they keep.
int64_t insert_event(sqlite::Connection& db, Written& written, const EventRow& event);

/// These throw std::runtime_error, having changed nothing, if the job is unknown or over.
int64_t mark_started(sqlite::Connection& db, Written& written, const std::string& job, Millis now);
int64_t mark_requeued(sqlite::Connection& db, Written& written, const std::string& job, int crashes, Millis now);
void place_job(sqlite::Connection& db, const Written& written, const std::string& job, const QueuePlace& place);

struct Ending {
  std::string job;
  JobState state = JobState::kFailed;
  std::string result, event_data;
  Millis time = 0;
  std::optional<WebhookDelivery> webhook = {};
  std::vector<std::string> files = {};  // hashes of what it has saved
};
int64_t mark_over(sqlite::Connection& db, Written& written, const Ending& ending);

void delete_jobs(sqlite::Connection& db, const Numbers& numbers, const std::vector<std::string>& jobs);
void replace_output(sqlite::Connection& db, const std::string& step, std::string_view ui,
                    const std::vector<SavedFileRecord>& files);
void insert_intent(sqlite::Connection& db, Written& written, const FileIntent& intent);

/// Number 0 becomes the next of that name; nothing is added if the newest has the same sha256.
void insert_revision(sqlite::Connection& db, const PipelineRevision& revision, std::string_view document);

}  // namespace heddle
