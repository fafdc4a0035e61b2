#include "engine/jobs/sqlite_schema.h"

#include <array>
#include <string>

namespace heddle {
namespace {

constexpr int64_t kApplicationId = 0x6865646c;  // "hedl"

// Requests and results are large and written once, so they are in tables of their own: a change of a row writes all of
// it anew. Jobs are told apart by `ord`, the order of acceptance, wherever tables refer to them. The numbers of states
// are those of JobState; 2 and above are over. A job costs each index a page to write, at its begin and at its end, so there
// are as few as lists and counts can do with. Numbers are given by Numbers in sqlite_job_writes.h.
constexpr std::string_view kVersion1 = R"(
CREATE TABLE jobs (
  ord INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  state INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  number REAL NOT NULL,
  created INTEGER NOT NULL,
  started INTEGER NOT NULL DEFAULT 0,
  finished INTEGER NOT NULL DEFAULT 0,
  crashes INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state, ord);

CREATE TABLE requests (ord INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE, request TEXT NOT NULL) STRICT;
CREATE TABLE results (ord INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE, result TEXT NOT NULL) STRICT;

CREATE TABLE result_files (
  sha256 TEXT NOT NULL,
  ord INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
  PRIMARY KEY (sha256, ord)
) STRICT, WITHOUT ROWID;
CREATE INDEX result_files_by_job ON result_files (ord);

CREATE TABLE events (
  number INTEGER PRIMARY KEY,
  ord INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
  type TEXT NOT NULL,
  time INTEGER NOT NULL,
  data TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_job ON events (ord);

CREATE TABLE idempotency_keys (
  key TEXT PRIMARY KEY,
  request_sha256 TEXT NOT NULL,
  ord INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_job ON idempotency_keys (ord);

CREATE TABLE intents (
  ord INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
  path TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (ord, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE saved_outputs (step TEXT PRIMARY KEY, ui TEXT NOT NULL) STRICT;
CREATE TABLE saved_files (
  step TEXT NOT NULL REFERENCES saved_outputs ON DELETE CASCADE,
  place INTEGER NOT NULL,
  path TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (step, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE revisions (
  name TEXT NOT NULL,
  number INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  time INTEGER NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (name, number)
) STRICT;

CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  job TEXT NOT NULL,
  url TEXT NOT NULL,
  secret TEXT NOT NULL,
  body TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  next INTEGER NOT NULL
) STRICT;
CREATE INDEX deliveries_by_time ON deliveries (next);
)";

constexpr std::array kVersions{kVersion1};

void refuse_foreign(sqlite::Connection& connection, int64_t version, int64_t newest, std::string_view file) {
  if (version > newest) {
    throw ForeignSchema(std::string(file) + " was written by a newer heddle (version " + std::to_string(version) +
                        " of its tables; this program knows " + std::to_string(newest) +
                        "): use that heddle, or give another folder with --data");
  }
  const int64_t application = connection.integer("PRAGMA application_id").value_or(0);
  const bool is_new = version == 0 && connection.integer("SELECT count(*) FROM sqlite_schema").value_or(0) == 0;
  if (application == kApplicationId || is_new) return;
  throw ForeignSchema(std::string(file) + " is a database of another program: move it away, or give another folder "
                                          "with --data");
}

}  // namespace

std::span<const std::string_view> job_schema() { return kVersions; }

void bring_up_to_date(sqlite::Connection& connection, std::span<const std::string_view> steps, std::string_view file) {
  const int64_t version = connection.integer("PRAGMA user_version").value_or(0);
  refuse_foreign(connection, version, int64_t(steps.size()), file);
  for (size_t next = size_t(version); next < steps.size(); ++next) {
    sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
    connection.execute(std::string(steps[next]));
    connection.execute("PRAGMA application_id = " + std::to_string(kApplicationId) +
                       "; PRAGMA user_version = " + std::to_string(next + 1));
    transaction.commit();
  }
}

}  // namespace heddle
