// Several processes on one disk store, and processes that die in the middle.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <random>
#include <thread>

#include "engine/fd.h"
#include "tests/engine/cache_testing.h"

namespace heddle {
namespace {

namespace fs = std::filesystem;
using test::key_of;
using test::text_of;

constexpr uint64_t kMaxBytes = uint64_t{2} << 20;
constexpr int kKeys = 60;

// What belongs to a key: sizes from none to 200 kB, and bytes of its own.
std::string text_for(int key) {
  std::string text(size_t(key) * 3511, ' ');
  for (size_t i = 0; i < text.size(); ++i) text[i] = char(i * 31 + size_t(key) * 7);
  return text;
}

Key numbered(int key) { return key_of(std::to_string(key)); }

std::unique_ptr<ResultStore> open(const fs::path& folder) {
  return make_disk_store(folder, kMaxBytes, test::text_readers());
}

void put(ResultStore& store, int key) {
  store.put(numbered(key), test::result_of(text_for(key)));
}

bool is_right_or_missing(ResultStore& store, int key) {
  const auto result = store.get(numbered(key));
  return !result || text_of(result) == text_for(key);
}

// Sizes of all entries at one instant: nothing comes or goes while the lock is held.
uint64_t bytes_now(const fs::path& folder) {
  const Fd lock(::open((folder / "results/lock").c_str(), O_RDWR | O_CLOEXEC));
  ::flock(lock.get(), LOCK_EX);
  uint64_t bytes = 0;
  for (const auto& item : fs::recursive_directory_iterator(folder)) {
    std::error_code gone;  // temporaries may
    if (item.path().extension() != ".bin") continue;
    bytes += item.file_size(gone);
  }
  return bytes;
}

size_t temporaries(const fs::path& folder) {
  size_t count = 0;
  for (const auto& item : fs::recursive_directory_iterator(folder))
    count += item.path().extension() == ".tmp";
  return count;
}

// Work of a child process; its result is the exit status.
template <typename Work>
pid_t start(Work work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  return child;
}

int hammer(const fs::path& folder, unsigned seed) {
  std::mt19937 random(seed);
  const auto store = open(folder);
  for (int i = 0; i < 1500; ++i) {
    const int key = int(random() % kKeys);
    if (random() % 3 == 0) {
      put(*store, key);
      if (random() % 10 == 0 && bytes_now(folder) > kMaxBytes) return 1;
    } else if (!is_right_or_missing(*store, key)) {
      return 2;
    }
    if (random() % 50 == 0) store->erase(numbered(key));
    if (random() % 500 == 0) store->clear();
  }
  return 0;
}

TEST(DiskStoreProcesses, SharingAFolderKeepEveryValueRightAndTheBound) {
  const test::TempFolder folder;
  const std::string log = test::logged([&] {
    std::vector<pid_t> children;
    for (unsigned seed = 1; seed <= 3; ++seed) {
      children.push_back(start([&] { return hammer(folder.path(), seed); }));
    }
    for (const pid_t child : children) {
      int status = -1;
      EXPECT_EQ(::waitpid(child, &status, 0), child);
      EXPECT_EQ(status, 0);
    }
  });
  EXPECT_EQ(log, "");  // nothing damaged, nothing declined
  EXPECT_LE(bytes_now(folder.path()), kMaxBytes);
  EXPECT_EQ(temporaries(folder.path()), 0u);
}

TEST(DiskStoreProcesses, ThreadsShareAStore) {
  const test::TempFolder folder;
  const auto store = open(folder.path());
  std::atomic<int> wrong = 0;
  const std::string log = test::logged([&] {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 300; ++i) {
          const int key = (i * 7 + t * 13) % kKeys;
          put(*store, key);
          if (!is_right_or_missing(*store, key)) ++wrong;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(log, "");  // nothing damaged, nothing declined
  EXPECT_LE(bytes_now(folder.path()), kMaxBytes);
}

void kill_a_writer_after(const fs::path& folder, int first_key, std::chrono::microseconds time) {
  const pid_t child = start([&] {
    const auto store = open(folder);
    for (int i = first_key;; ++i) put(*store, i % kKeys);
    return 0;
  });
  std::this_thread::sleep_for(time);
  ::kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
}

void expect_a_store_that_works(const fs::path& folder, int key_to_put) {
  ASSERT_LE(bytes_now(folder), kMaxBytes);
  const auto store = open(folder);
  for (int key = 0; key < kKeys; ++key) ASSERT_TRUE(is_right_or_missing(*store, key));
  put(*store, key_to_put);
  ASSERT_EQ(text_of(store->get(numbered(key_to_put))), text_for(key_to_put));
  ASSERT_EQ(temporaries(folder), 0u);
}

TEST(DiskStoreProcesses, AKilledWriterLeavesOnlyWholeEntries) {
  const test::TempFolder folder;
  open(folder.path());
  std::mt19937 random(1);
  const std::string log = test::logged([&] {
    for (int round = 0; round < 30 && !::testing::Test::HasFailure(); ++round) {
      const auto time = std::chrono::microseconds(2000 + random() % 20'000);
      kill_a_writer_after(folder.path(), round, time);
      expect_a_store_that_works(folder.path(), round);
    }
  });
  EXPECT_EQ(log, "");  // nothing damaged, nothing declined
}

// After a crash the saved total may be too high, never too low.
TEST(DiskStoreProcesses, TotalsAreRightAgainAfterAKilledWriter) {
  const test::TempFolder folder;
  open(folder.path());
  kill_a_writer_after(folder.path(), 0, std::chrono::milliseconds(30));
  uint64_t entries = 0;
  for (const auto& item : fs::recursive_directory_iterator(folder.path())) {
    entries += item.path().extension() == ".bin";
  }
  const auto store = open(folder.path());
  EXPECT_EQ(store->entries(), entries);
  EXPECT_GE(store->bytes(), bytes_now(folder.path()));
}

}  // namespace
}  // namespace heddle
