#include "engine/jobs/store_file.h"

#include <fcntl.h>
#include <sys/file.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "engine/jobs/sqlite_schema.h"

namespace heddle {
namespace {

constexpr int kBusyMs = 3000;
// Checking reads the whole file: about a second for this much. Damage in a larger one shows when its pages are read.
constexpr uintmax_t kMostChecked = uintmax_t{1} << 30;
constexpr std::array kSuffixes{"", "-wal", "-shm"};  // SQLite's companions of a database

[[noreturn]] void fail(const std::filesystem::path& path, const char* what, int error) {
  throw std::runtime_error("the data folder cannot be used: " + std::string(what) + " " + path.string() + ": " +
                           std::strerror(error) + "; give another folder with --data");
}

// SQLite would make it readable for everybody, and it holds prompts and the secrets of webhooks.
void create_private(const std::filesystem::path& file) {
  const Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) fail(file, "cannot write", errno);
}

void check_whole(sqlite::Connection& connection, const std::filesystem::path& file) {
  std::error_code none;
  if (std::filesystem::file_size(file, none) > kMostChecked) return;
  const std::string verdict = connection.text("PRAGMA quick_check(1)").value_or("ok");
  if (verdict != "ok") throw sqlite::Error(file.string() + " is damaged: " + verdict, sqlite::Trouble::kDamaged);
}

void set_up(sqlite::Connection& connection, Durability durability, const std::filesystem::path& file) {
  const std::string mode = connection.text("PRAGMA journal_mode = WAL").value_or("");
  if (mode != "wal") {
    throw std::runtime_error(file.string() +
                             " is on a file system where SQLite cannot share memory (a network drive?): give a folder "
                             "on a local disk with --data");
  }
  connection.execute(durability == Durability::kFull ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  connection.execute("PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4000;"
                     "PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864");
}

std::unique_ptr<sqlite::Connection> open_checked(const std::filesystem::path& file, Durability durability) {
  create_private(file);
  auto connection = std::make_unique<sqlite::Connection>(file, kBusyMs);
  set_up(*connection, durability, file);
  check_whole(*connection, file);
  bring_up_to_date(*connection, job_schema(), file.string());
  return connection;
}

std::string time_stamp(Millis now) {
  const std::time_t seconds = std::time_t(now / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%d-%H%M%S", &parts);
  return text;
}

bool is_taken(const std::filesystem::path& name) {
  for (const char* suffix : kSuffixes) {
    if (std::filesystem::exists(name.string() + suffix)) return true;
  }
  return false;
}

std::filesystem::path put_aside(const std::filesystem::path& file, Millis now) {
  const std::string first = file.string() + ".damaged-" + time_stamp(now);
  std::string name = first;
  for (int number = 2; is_taken(name); ++number) name = first + "-" + std::to_string(number);
  for (const char* suffix : kSuffixes) {
    const std::string from = file.string() + suffix;
    if (std::filesystem::exists(from)) std::filesystem::rename(from, name + suffix);
  }
  return name;
}

}  // namespace

std::filesystem::path store_file(const std::filesystem::path& folder) { return folder / "heddle.db"; }

Fd lock_store_folder(const std::filesystem::path& folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) fail(folder, "cannot make", failure.value());
  const std::filesystem::path path = folder / "heddle.lock";
  Fd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) fail(path, "cannot write", errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) fail(path, "cannot lock", errno);
  throw std::runtime_error("another heddle server is using the data folder " + folder.string() +
                           ": stop that one first, or give this one a folder of its own with --data");
}

std::unique_ptr<sqlite::Connection> open_for_writing(const std::filesystem::path& folder, Durability durability,
                                                     Millis now, std::string& notice) {
  const std::filesystem::path file = store_file(folder);
  std::string damage;
  try {
    return open_checked(file, durability);
  } catch (const sqlite::Error& error) {
    if (error.trouble != sqlite::Trouble::kDamaged) throw;
    damage = error.what();
  }
  const std::filesystem::path kept = put_aside(file, now);
  auto connection = open_checked(file, durability);
  notice = damage + ". It has been kept as " + kept.string() +
           ", and a new database begun: queue, history and saved pipelines' revisions start empty. \"sqlite3 " +
           kept.filename().string() + " .recover\" may get back what it held";
  return connection;
}

std::unique_ptr<sqlite::Connection> open_for_reading(const std::filesystem::path& folder) {
  auto connection = std::make_unique<sqlite::Connection>(store_file(folder), kBusyMs);
  connection->execute("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -500");
  return connection;
}

}  // namespace heddle
