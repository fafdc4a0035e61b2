#include "engine/jobs/sqlite.h"

#include <sqlite3.h>

#include <cassert>
#include <cstring>
#include <utility>

namespace heddle::sqlite {
namespace {

Trouble trouble_of(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Trouble::kDamaged;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Trouble::kBusy;
    case SQLITE_FULL:
      return Trouble::kFull;
    default:
      return Trouble::kOther;
  }
}

std::string words_for(Trouble trouble, const std::string& file, const std::string& reason) {
  switch (trouble) {
    case Trouble::kDamaged:
      return file + " is damaged: " + reason;
    case Trouble::kBusy:
      return file + " is locked by another program; close what has it open there and try again";
    case Trouble::kFull:
      return "the disk that holds " + file + " is full: make room and try again";
    case Trouble::kOther:
      break;
  }
  return file + ": " + reason;
}

}  // namespace

Rows::Rows(Rows&& other) noexcept
    : connection_(other.connection_), statement_(std::exchange(other.statement_, nullptr)) {}

Rows::~Rows() {
  if (statement_) sqlite3_reset(statement_);
}

bool Rows::next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) connection_->fail(code);
  return false;
}

int64_t Rows::integer(int column) const { return sqlite3_column_int64(statement_, column); }
double Rows::real(int column) const { return sqlite3_column_double(statement_, column); }
bool Rows::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

std::string_view Rows::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return text ? std::string_view(text, size_t(sqlite3_column_bytes(statement_, column))) : std::string_view();
}

void Connection::Close::operator()(sqlite3* database) const { sqlite3_close(database); }
void Connection::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Connection::Connection(const std::filesystem::path& file, int busy_ms) : file_(file) {
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &database,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  database_.reset(database);
  if (code != SQLITE_OK) fail(code);
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_timeout(database, busy_ms);
}

Connection::~Connection() = default;

void Connection::execute(const std::string& sql) {
  const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

int64_t Connection::run(std::string_view sql, Values values) {
  sqlite3_stmt* statement = bound(sql, values, false);
  const int64_t before = total_changes();
  int code;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
  }
  if (code != SQLITE_DONE) {
    // The reason is kept by the connection and must be read before the statement is reset.
    const Rows reset_later(*this, statement);
    fail(code);
  }
  sqlite3_reset(statement);
  return total_changes() == before ? 0 : sqlite3_changes64(database_.get());
}

Rows Connection::query(std::string_view sql, Values values) { return Rows(*this, bound(sql, values, true)); }

std::optional<int64_t> Connection::integer(std::string_view sql, Values values) {
  Rows rows = query(sql, values);
  if (!rows.next() || rows.is_null(0)) return std::nullopt;
  return rows.integer(0);
}

std::optional<std::string> Connection::text(std::string_view sql, Values values) {
  Rows rows = query(sql, values);
  if (!rows.next() || rows.is_null(0)) return std::nullopt;
  return std::string(rows.text(0));
}

int64_t Connection::last_row() const { return sqlite3_last_insert_rowid(database_.get()); }
int64_t Connection::total_changes() const { return sqlite3_total_changes64(database_.get()); }
bool Connection::in_transaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }

sqlite3_stmt* Connection::prepared(std::string_view sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return found->second.get();
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(database_.get(), sql.data(), int(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) fail(code);
  statements_.emplace(std::string(sql), statement);
  return statement;
}

sqlite3_stmt* Connection::bound(std::string_view sql, Values values, bool is_copied) {
  sqlite3_stmt* statement = prepared(sql);
  assert(!sqlite3_stmt_busy(statement) && "the rows of this query are still being read");
  assert(sqlite3_bind_parameter_count(statement) == int(values.size()));
  int place = 0;
  for (const Value& value : values) {
    ++place;
    int code = SQLITE_OK;
    if (value.kind_ == Value::kInteger) code = sqlite3_bind_int64(statement, place, value.integer_);
    if (value.kind_ == Value::kReal) code = sqlite3_bind_double(statement, place, value.real_);
    if (value.kind_ == Value::kText) {
      const char* text = value.text_.data() ? value.text_.data() : "";  // a null pointer would bind NULL
      code = sqlite3_bind_text64(statement, place, text, value.text_.size(),
                                 is_copied ? SQLITE_TRANSIENT : SQLITE_STATIC, SQLITE_UTF8);
    }
    if (code != SQLITE_OK) fail(code);
  }
  return statement;
}

void Connection::fail(int code) const {
  std::string reason = database_ ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(code);
  const int system = database_ ? sqlite3_system_errno(database_.get()) : 0;
  const int kind = code & 0xff;
  if (system != 0 && (kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN)) {
    reason += std::string(" (") + std::strerror(system) + ")";
  }
  throw Error(words_for(trouble_of(code), file_.string(), reason), trouble_of(code));
}

Transaction::Transaction(Connection& connection, Kind kind) : connection_(connection) {
  connection.run(kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
  // SQLite has rolled back by itself after some failures.
  if (connection_.in_transaction()) connection_.run("ROLLBACK");
}

void Transaction::commit() { connection_.run("COMMIT"); }

}  // namespace heddle::sqlite
