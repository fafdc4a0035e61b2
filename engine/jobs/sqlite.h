// SQLite's C interface as C++ objects that close themselves and throw: a connection that keeps its statements ready,
// and the rows of a query. A connection is used by one thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace heddle::sqlite {

enum class Trouble {
  kDamaged,  // not a database, or a malformed one
  kBusy,     // another connection holds it
  kFull,
  kOther,
};

/// The message is in words, names the file and says what to do.
struct Error : std::runtime_error {
  Error(const std::string& message, Trouble kind) : std::runtime_error(message), trouble(kind) {}
  Trouble trouble;
};

/// What is bound to a `?`. Views: the text must live as long as the call it is handed to.
class Value {
 public:
  Value(int number) : kind_(kInteger), integer_(number) {}
  Value(int64_t number) : kind_(kInteger), integer_(number) {}
  Value(double number) : kind_(kReal), real_(number) {}
  Value(std::string_view text) : kind_(kText), text_(text) {}
  Value(const std::string& text) : kind_(kText), text_(text) {}
  Value(const char* text) : kind_(kText), text_(text) {}

 private:
  friend class Connection;
  enum { kInteger, kReal, kText } kind_;
  int64_t integer_ = 0;
  double real_ = 0;
  std::string_view text_;
};
using Values = std::initializer_list<Value>;

class Connection;

/// The rows of a query, one after the other. Ends the query when it goes; the connection outlives it, and runs the same
/// SQL text again only then.
class Rows {
 public:
  Rows(Rows&& other) noexcept;
  Rows& operator=(Rows&&) = delete;
  ~Rows();

  /// Moves to the next row, which is the first one at first; false if there is none.
  bool next();
  int64_t integer(int column) const;
  double real(int column) const;
  std::string_view text(int column) const;  // good until next(); "" for NULL
  bool is_null(int column) const;

 private:
  friend class Connection;
  Rows(Connection& connection, sqlite3_stmt* statement) : connection_(&connection), statement_(statement) {}

  Connection* connection_;
  sqlite3_stmt* statement_;
};

class Connection {
 public:
  /// Opens or creates the file, and waits up to `busy_ms` at every lock that another connection holds.
  Connection(const std::filesystem::path& file, int busy_ms);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Statements of which nothing is bound or read, separated by semicolons.
  void execute(const std::string& sql);
  /// One statement, prepared at its first use and kept. `sql` is compared as text. Returns how many rows it changed.
  int64_t run(std::string_view sql, Values values = {});
  Rows query(std::string_view sql, Values values = {});
  /// The first column of the first row, if there is one.
  std::optional<int64_t> integer(std::string_view sql, Values values = {});
  std::optional<std::string> text(std::string_view sql, Values values = {});

  int64_t last_row() const;      // rowid of the last row inserted
  int64_t total_changes() const; // rows changed since the connection was opened; those rolled back count
  bool in_transaction() const;

 private:
  friend class Rows;
  struct Close {
    void operator()(sqlite3* database) const;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  sqlite3_stmt* prepared(std::string_view sql);
  sqlite3_stmt* bound(std::string_view sql, Values values, bool is_copied);
  [[noreturn]] void fail(int code) const;

  std::filesystem::path file_;
  std::unique_ptr<sqlite3, Close> database_;  // after the statements: SQLite closes them first
  std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>, Hash, std::equal_to<>> statements_;
};

/// Rolls back when it goes, unless commit() was called.
class Transaction {
 public:
  enum class Kind { kRead, kWrite };
  Transaction(Connection& connection, Kind kind);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Connection& connection_;
};

}  // namespace heddle::sqlite
