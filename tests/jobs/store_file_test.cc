// What the file of the store goes through: locks, newer versions, damage, full disks, killed processes.
#include "engine/jobs/store_file.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <set>
#include <sstream>

#include "engine/jobs/sqlite_schema.h"
#include "tests/jobs/store_testing.h"

namespace heddle {
namespace {

using namespace heddle::test;  // NOLINT
using ::testing::AllOf;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

class StoreFile : public ::testing::Test {
 protected:
  fs::path folder() const { return folder_.path(); }
  fs::path file() const { return folder_ / "heddle.db"; }

  void fill(int jobs) {
    const auto store = open_store(folder());
    for (int i = 0; i < jobs; ++i) store->accept(job_named("job-" + std::to_string(i)), {}, nullptr);
    store->flush();
  }
  // Opens the store, which has to work; what was said of the old file.
  std::string notice_of_opening() {
    std::string notice;
    const auto store = open_sqlite_store(folder(), Durability::kProcess, kNow, notice);
    accept(*store, "new");
    return notice;
  }
  std::string why_not_opened() {
    return message_of([&] { open_store(folder()); });
  }
  void overwrite(uintmax_t at, const std::string& bytes) {
    std::fstream stream(file(), std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(std::streamoff(at));
    stream << bytes;
  }

  TemporaryFolder folder_;
};

TEST_F(StoreFile, TheFolderIsMadeAndIsPrivate) {
  const auto store = open_store(folder() / "a" / "b");
  EXPECT_EQ(fs::status(folder() / "a" / "b" / "heddle.db").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(StoreFile, ASecondServerIsRefused) {
  auto store = open_store(folder());
  EXPECT_THAT(why_not_opened(), AllOf(HasSubstr("another heddle server"), HasSubstr(folder().string()),
                                      HasSubstr("stop that one first"), HasSubstr("--data")));
  store.reset();
  EXPECT_EQ(why_not_opened(), "");
}

TEST_F(StoreFile, AFolderThatCannotBeIsNamed) {
  write_text(folder() / "file", "");
  EXPECT_THAT(message_of([&] { open_store(folder() / "file" / "x"); }),
              AllOf(HasSubstr("cannot make"), HasSubstr("file/x"), HasSubstr("Not a directory"), HasSubstr("--data")));
}

TEST_F(StoreFile, AFolderThatCannotBeWrittenIsNamed) {
  if (::geteuid() == 0) GTEST_SKIP() << "root writes everywhere";
  fs::permissions(folder(), fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_THAT(why_not_opened(), AllOf(HasSubstr("heddle.lock"), HasSubstr("Permission denied")));
  fs::permissions(folder(), fs::perms::owner_all);
}

TEST_F(StoreFile, ANewerVersionIsLeftAlone) {
  fill(1);
  sqlite::Connection(file(), 0).execute("PRAGMA user_version = 99");
  EXPECT_THAT(why_not_opened(), AllOf(HasSubstr("newer heddle"), HasSubstr("99"), HasSubstr(file().string())));
  EXPECT_EQ(sqlite::Connection(file(), 0).integer("SELECT count(*) FROM jobs"), 1);
}

TEST_F(StoreFile, ADatabaseOfAnotherProgramIsLeftAlone) {
  sqlite::Connection(file(), 0).execute("CREATE TABLE recipes (name TEXT)");
  EXPECT_THAT(why_not_opened(), HasSubstr("a database of another program"));
  EXPECT_EQ(sqlite::Connection(file(), 0).integer("SELECT count(*) FROM recipes"), 0);
}

TEST_F(StoreFile, ADatabaseThatAnotherProgramHoldsIsNamed) {
  fill(1);
  sqlite::Connection other(file(), 0);
  other.execute("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; DELETE FROM settings; COMMIT");
  EXPECT_THAT(why_not_opened(), AllOf(HasSubstr("locked by another program"), HasSubstr(file().string())));
}

TEST_F(StoreFile, WritesSayThatAnotherProgramHoldsItAndWorkAfterwards) {
  const auto store = open_store(folder());
  sqlite::Connection other(file(), 0);
  other.run("BEGIN IMMEDIATE");
  const std::string message = message_of([&] { accept(*store, "refused"); });
  EXPECT_THAT(message, AllOf(HasSubstr("locked by another program"), HasSubstr(file().string())));
  other.run("ROLLBACK");
  accept(*store, "kept");
  EXPECT_FALSE(store->find("refused"));
  EXPECT_TRUE(store->find("kept"));
}

TEST_F(StoreFile, DamageIsPutAsideAndANewDatabaseBegun) {
  struct Case {
    const char* name;
    std::function<void(const fs::path& file)> damage;
  };
  const uintmax_t page = 4096;
  const std::string garbage(page, '\x5a');
  const std::vector<Case> cases{
      {"header", [&](auto&) { overwrite(0, "this is not a database at all, it is a letter to my aunt"); }},
      {"schema", [&](auto&) { overwrite(100, garbage.substr(0, 2000)); }},
      {"page in the middle", [&](auto& path) { overwrite(fs::file_size(path) / page / 2 * page, garbage); }},
      {"last page", [&](auto& path) { overwrite(fs::file_size(path) - page, garbage); }},
      {"truncated by half", [&](auto& path) { fs::resize_file(path, fs::file_size(path) / page / 2 * page); }},
      {"truncated within a page", [&](auto& path) { fs::resize_file(path, fs::file_size(path) - page / 2); }},
      {"truncated to its header", [&](auto& path) { fs::resize_file(path, 100); }},
  };
  for (const Case& damaged : cases) {
    SCOPED_TRACE(damaged.name);
    for (const auto& entry : fs::directory_iterator(folder())) fs::remove_all(entry.path());
    fill(200);
    damaged.damage(file());
    const std::string kept = file().string() + ".damaged-20231114-221320";
    EXPECT_THAT(notice_of_opening(), AllOf(HasSubstr("is damaged"), HasSubstr(kept), HasSubstr("new database")));
    EXPECT_TRUE(fs::exists(kept));
    EXPECT_EQ(ids(open_store(folder())->list({})), "new");
  }
}

TEST_F(StoreFile, DamageTwiceInASecondKeepsBoth) {
  for (const char* suffix : {"", "-2"}) {
    write_text(file(), "no database " + std::string(2000, 'x'));
    EXPECT_NE(notice_of_opening(), "");
    EXPECT_TRUE(fs::exists(file().string() + ".damaged-20231114-221320" + suffix));
  }
}

TEST_F(StoreFile, AnUnfinishedCompanionDoesNotMatter) {
  fill(3);
  write_text(file().string() + "-wal", "rubbish that no commit has finished");
  EXPECT_EQ(why_not_opened(), "");
  EXPECT_EQ(open_store(folder())->list({}).size(), 3U);
}

TEST_F(StoreFile, OlderVersionsAreBroughtUpToDateStepByStep) {
  const std::array<std::string_view, 3> steps{
      "CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('kept')",
      "ALTER TABLE notes ADD COLUMN length INTEGER; UPDATE notes SET length = length(text)",
      "CREATE INDEX notes_by_length ON notes (length)",
  };
  sqlite::Connection db(file(), 0);
  const auto bring = [&](size_t version) { bring_up_to_date(db, std::span(steps).first(version), "heddle.db"); };
  bring(1);
  EXPECT_EQ(db.integer("PRAGMA user_version"), 1);
  bring(3);
  bring(3);
  EXPECT_EQ(db.integer("PRAGMA user_version"), 3);
  EXPECT_EQ(db.integer("SELECT length FROM notes INDEXED BY notes_by_length WHERE length = 4"), 4);
  EXPECT_THAT(message_of([&] { bring(2); }), HasSubstr("heddle.db was written by a newer heddle (version 3"));
}

TEST_F(StoreFile, AStepThatFailsLeavesTheVersionBefore) {
  const std::array<std::string_view, 2> steps{"CREATE TABLE notes (text TEXT)",
                                              "INSERT INTO notes VALUES ('half'); INSERT INTO nothing VALUES (1)"};
  sqlite::Connection db(file(), 0);
  EXPECT_THROW(bring_up_to_date(db, steps, "heddle.db"), sqlite::Error);
  EXPECT_EQ(db.integer("PRAGMA user_version"), 1);
  EXPECT_EQ(db.integer("SELECT count(*) FROM notes"), 0);
}

// A process of its own, ended by its exit code.
class Child {
 public:
  explicit Child(const std::function<int()>& work) : pid_(::fork()) {
    if (pid_ == 0) ::_exit(work());
  }
  void kill() const { ::kill(pid_, SIGKILL); }
  int wait() const {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_;
};

// Accepts, starts and finishes jobs for ever, and says which have been acknowledged.
int write_jobs(const fs::path& folder, int to_parent, int round) {
  std::string notice;
  const auto store = open_sqlite_store(folder, Durability::kProcess, kNow, notice);
  for (int i = 0;; ++i) {
    const std::string id = std::to_string(round) + "." + std::to_string(i);
    const auto acknowledge = [to_parent, id](char what) {
      const std::string line = what + id + "\n";
      if (::write(to_parent, line.data(), line.size()) < 0) ::_exit(1);
    };
    store->accept(job_named(id), {.key = id, .request_sha256 = id},
                  [=](const AcceptedJob&, std::exception_ptr failure) { acknowledge(failure ? '!' : 'a'); });
    store->start(id, kNow, nullptr);
    store->finish(id, JobState::kSucceeded, {{"ran", i}}, kNow, {},
                  [=](int64_t, std::exception_ptr failure) { acknowledge(failure ? '!' : 'f'); });
    if (i % 8 == 0) store->flush();
  }
}

std::string what_is_said(int from_child, size_t enough, const Child& child) {
  std::string said;
  char buffer[4096];
  ssize_t size;
  while ((size = ::read(from_child, buffer, sizeof buffer)) > 0) {
    const bool was_enough = said.size() >= enough;
    said.append(buffer, size_t(size));
    if (!was_enough && said.size() >= enough) child.kill();
  }
  return said.substr(0, said.rfind('\n') + 1);
}

void expect_whole(JobStore& store) {
  std::string wrong;
  for (const JobRecord& job : store.list({.limit = -1})) {
    const std::string events = event_lines(store, job.id);
    const size_t count = size_t(std::count(events.begin(), events.end(), '\n'));
    const size_t expected = job.state == JobState::kQueued ? 1 : job.state == JobState::kRunning ? 2 : 3;
    const bool has_result = !job.result.is_null();
    if (count != expected || job.request.is_null() || has_result != is_over(job.state)) wrong += job.id + " ";
  }
  EXPECT_EQ(wrong, "");
}

TEST_F(StoreFile, AKilledProcessLosesNothingThatWasAcknowledged) {
  std::set<std::string> accepted, finished;
  for (int round = 0; round < 20; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const Child child([&] {
      ::close(ends[0]);
      return write_jobs(folder(), ends[1], round);
    });
    ::close(ends[1]);
    std::istringstream said(what_is_said(ends[0], size_t(100 + 997 * round % 4000), child));
    ::close(ends[0]);
    EXPECT_EQ(child.wait(), -SIGKILL);
    for (std::string line; std::getline(said, line);) {
      ASSERT_NE(line[0], '!');
      (line[0] == 'a' ? accepted : finished).insert(line.substr(1));
    }
  }
  ASSERT_GT(finished.size(), 20U);
  const auto store = open_store(folder());
  for (const std::string& id : accepted) ASSERT_TRUE(store->find(id)) << id;
  for (const std::string& id : finished) ASSERT_EQ(store->find(id)->state, JobState::kSucceeded) << id;
  expect_whole(*store);
}

// Fills the disk, then makes room. Exit codes say how far it came.
int fill_and_go_on(const fs::path& folder, const std::function<void()>& make_room) {
  std::string notice;
  const auto store = open_sqlite_store(folder, Durability::kProcess, kNow, notice);
  std::atomic<int> kept = 0;
  std::atomic<bool> has_failed = false;
  std::string first_failure;  // of the store's thread, until flush()
  JobRecord large = job_named("");
  large.request["workflow"] = std::string(5000, 'w');
  for (int i = 0; i < 2000 && !has_failed; ++i) {
    large.id = std::to_string(i);
    store->accept(large, {}, [&](const AcceptedJob&, std::exception_ptr failure) {
      if (!failure) return void(++kept);
      first_failure = message_of([&] { std::rethrow_exception(failure); });
      has_failed = true;
    });
    if (i % 10 == 9) store->flush();
  }
  store->flush();
  if (first_failure.empty()) return 1;
  if (first_failure.find("heddle.db") == std::string::npos) return 2;
  if (int(store->list({.limit = -1}).size()) != kept) return 3;
  make_room();
  accept(*store, "after");
  return store->find("after") ? 0 : 4;
}

TEST_F(StoreFile, WritesFailWhileFilesMayNotGrowAndWorkAfterwards) {
  const Child child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlimit narrow{.rlim_cur = 1 << 20, .rlim_max = limit.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &narrow);
    return fill_and_go_on(folder(), [&] { ::setrlimit(RLIMIT_FSIZE, &limit); });
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(StoreFile, WritesFailOnAFullDiskAndWorkWhenThereIsRoom) {
  constexpr int kNoMounts = 77;
  const Child child([&] {
    const bool is_own = ::unshare(CLONE_NEWNS) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
    if (!is_own || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return kNoMounts;
    if (::mount("tmpfs", folder().c_str(), "tmpfs", 0, "size=2m") != 0) return kNoMounts;
    return fill_and_go_on(folder(), [&] { ::mount("tmpfs", folder().c_str(), "tmpfs", MS_REMOUNT, "size=20m"); });
  });
  const int code = child.wait();
  if (code == kNoMounts) GTEST_SKIP() << "no mounts of one's own here";
  EXPECT_EQ(code, 0);
}

TEST_F(StoreFile, TheMessageOfAFullDiskSaysSo) {
  fill(1);
  sqlite::Connection db(file(), 0);
  db.run("PRAGMA max_page_count = 1");
  const std::string message = message_of([&] {
    const std::string text(5000, 'x');
    for (int i = 0; i < 100; ++i) db.run("INSERT INTO settings VALUES (?, ?)", {std::to_string(i), text});
  });
  EXPECT_THAT(message, AllOf(HasSubstr("full"), HasSubstr(file().string()), HasSubstr("make room")));
}

}  // namespace
}  // namespace heddle
