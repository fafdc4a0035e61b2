// What is read from the job store's tables. What takes several queries sees them all at one point in time.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/jobs/job_store.h"
#include "engine/jobs/sqlite.h"

namespace heddle {

std::optional<JobRecord> read_job(sqlite::Connection& db, const std::string& job);
std::vector<JobRecord> read_jobs(sqlite::Connection& db, const JobQuery& query);
std::vector<std::pair<JobState, int64_t>> read_counts(sqlite::Connection& db);
std::vector<std::string> read_outdated(sqlite::Connection& db, int64_t most, Millis before);
std::vector<std::string> read_jobs_with_file(sqlite::Connection& db, const std::string& sha256, int limit);
std::vector<JobEvent> read_events(sqlite::Connection& db, const std::string& job, int64_t after, int limit);
std::optional<SavedOutput> read_output(sqlite::Connection& db, const std::string& step);
std::vector<FileIntent> read_intents(sqlite::Connection& db, const std::string& job);
std::optional<PipelineRevision> read_revision(sqlite::Connection& db, const std::string& name,
                                              const std::string& which);
std::vector<PipelineRevision> read_revisions(sqlite::Connection& db, const std::string& name);
std::vector<WebhookDelivery> read_deliveries(sqlite::Connection& db, Millis due, int limit);

}  // namespace heddle
