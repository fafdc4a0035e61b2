#include "engine/file_hashes.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "engine/fd.h"
#include "tests/engine/cache_testing.h"

namespace heddle {
namespace {

namespace fs = std::filesystem;
using test::read_bytes;
using test::write_bytes;

std::string sha256(std::string_view bytes) {
  return Hasher().add_raw(bytes.data(), bytes.size()).finish().hex();
}

// Long enough that a change from now on cannot fall into the same tick of the file system's clock.
void let_settle() { std::this_thread::sleep_for(std::chrono::milliseconds(50)); }

class FileHashesTest : public ::testing::Test {
 protected:
  fs::path write(const std::string& name, std::string_view bytes) {
    write_bytes(folder_.path() / name, bytes);
    return folder_.path() / name;
  }
  static std::string error_of(const fs::path& file) {
    try {
      FileHashes().hash(file);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "no error";
  }

  test::TempFolder folder_;
  const fs::path store_ = folder_.path() / "cache/file_hashes";
};

TEST_F(FileHashesTest, GivesTheSha256OfFilesOfAnySize) {
  FileHashes hashes;
  for (const size_t size : {size_t{0}, size_t{3}, size_t{1} << 20, (size_t{3} << 20) + 1}) {
    const std::string bytes(size, 'x');
    EXPECT_EQ(hashes.hash(write("file" + std::to_string(size), bytes)).hex(), sha256(bytes));
  }
  EXPECT_GT(hashes.seconds_hashing(), 0);
}

TEST_F(FileHashesTest, AFileIsReadOnce) {
  const fs::path file = write("a", "aaaa");
  let_settle();
  FileHashes hashes;
  const Key first = hashes.hash(file);
  const double seconds = hashes.seconds_hashing();
  EXPECT_EQ(hashes.hash(file), first);
  fs::create_symlink(file, folder_.path() / "link");
  EXPECT_EQ(hashes.hash(folder_.path() / "link"), first);
  EXPECT_EQ(hashes.seconds_hashing(), seconds);
}

TEST_F(FileHashesTest, HashesAreRememberedAcrossProcesses) {
  const fs::path a = write("a", "aaaa"), b = write("b", "bbbb");
  let_settle();
  FileHashes early(store_);
  for (const fs::path& file : {a, b}) FileHashes(store_).hash(file);
  FileHashes late(store_);
  for (FileHashes* hashes : {&early, &late}) {
    EXPECT_EQ(hashes->hash(a).hex(), sha256("aaaa"));
    EXPECT_EQ(hashes->hash(b).hex(), sha256("bbbb"));
    EXPECT_EQ(hashes->seconds_hashing(), 0);
  }
}

TEST_F(FileHashesTest, WhatOthersRememberedIsNotMissedForWhatOneRemembersOneself) {
  const fs::path a = write("a", "aaaa"), b = write("b", "bbbb"), c = write("c", "cccc");
  let_settle();
  FileHashes hashes(store_);
  hashes.hash(c);
  FileHashes(store_).hash(a);
  hashes.hash(b);
  const double seconds = hashes.seconds_hashing();
  EXPECT_EQ(hashes.hash(a).hex(), sha256("aaaa"));
  EXPECT_EQ(hashes.seconds_hashing(), seconds);
}

TEST_F(FileHashesTest, OtherBytesOfTheSameNameSizeAndTimeAreHashedAnew) {
  const fs::path file = write("a", "aaaa");
  let_settle();
  FileHashes hashes(store_);
  EXPECT_EQ(hashes.hash(file).hex(), sha256("aaaa"));
  struct stat before;
  ASSERT_EQ(::stat(file.c_str(), &before), 0);
  write("a", "bbbb");
  const timespec times[2] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
  EXPECT_EQ(hashes.hash(file).hex(), sha256("bbbb"));
  EXPECT_EQ(FileHashes(store_).hash(file).hex(), sha256("bbbb"));
}

TEST_F(FileHashesTest, AFileWrittenAMomentAgoIsNotTrustedToStay) {
  FileHashes hashes(store_);
  for (int i = 0; i < 200; ++i) {
    const std::string bytes = std::to_string(1000 + i);
    ASSERT_EQ(hashes.hash(write("a", bytes)).hex(), sha256(bytes)) << i;
  }
  // Few or none of them, as fast as this machine is.
  const std::string log = fs::exists(store_) ? read_bytes(store_) : "";
  EXPECT_LT(std::ranges::count(log, '\n'), 200);
}

TEST_F(FileHashesTest, AMovedFileKeepsItsHashAndAReplacedOneDoesNot) {
  const fs::path a = write("a", "aaaa"), b = write("b", "bbbb");
  let_settle();
  FileHashes hashes;
  hashes.hash(a);
  hashes.hash(b);
  fs::rename(b, a);
  EXPECT_EQ(hashes.hash(a).hex(), sha256("bbbb"));
}

TEST_F(FileHashesTest, DamagedLinesCostOnlyHashingAgain) {
  const fs::path file = write("a", "aaaa");
  let_settle();
  FileHashes(store_).hash(file);
  const std::string line = read_bytes(store_);
  ASSERT_EQ(line.back(), '\n');
  for (size_t at = 0; at < line.size() - 1; ++at) {
    std::string damaged = line;
    damaged[at] = damaged[at] == '1' ? '2' : '1';
    write_bytes(store_, damaged);
    FileHashes hashes(store_);
    ASSERT_EQ(hashes.hash(file).hex(), sha256("aaaa")) << at;
    ASSERT_GT(hashes.seconds_hashing(), 0) << at;
  }
  for (size_t size = 0; size < line.size() - 1; ++size) {
    write_bytes(store_, line.substr(0, size));
    ASSERT_EQ(FileHashes(store_).hash(file).hex(), sha256("aaaa")) << size;
  }
  write_bytes(store_, "\n \nnonsense\n" + std::string(1000, '\0') + "\n" + line);
  FileHashes hashes(store_);
  hashes.hash(file);
  EXPECT_EQ(hashes.seconds_hashing(), 0);
}

TEST_F(FileHashesTest, AStoreThatCannotBeUsedIsLoggedOnceAndHarmsNothing) {
  const fs::path a = write("a", "aaaa"), b = write("b", "bbbb");
  let_settle();
  FileHashes hashes(a / "not a folder");
  const std::string log = test::logged([&] {
    EXPECT_EQ(hashes.hash(a).hex(), sha256("aaaa"));
    EXPECT_EQ(hashes.hash(b).hex(), sha256("bbbb"));
  });
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
  EXPECT_NE(log.find("hashes of files are not remembered across processes"), std::string::npos)
      << log;
}

TEST_F(FileHashesTest, SeveralProcessesShareAStore) {
  std::vector<fs::path> files;
  for (int i = 0; i < 40; ++i) files.push_back(write(std::to_string(i), std::to_string(i)));
  let_settle();
  std::vector<pid_t> children;
  for (int c = 0; c < 4; ++c) {
    const pid_t child = ::fork();
    if (child == 0) {
      FileHashes hashes(store_);
      int wrong = 0;
      for (size_t i = 0; i < files.size(); ++i) {
        const size_t n = (i + size_t(c) * 10) % files.size();
        wrong += hashes.hash(files[n]).hex() != sha256(std::to_string(n));
      }
      ::_exit(wrong);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  FileHashes hashes(store_);
  for (const fs::path& file : files) hashes.hash(file);
  EXPECT_EQ(hashes.seconds_hashing(), 0);
}

TEST_F(FileHashesTest, ALongStoreIsShortenedAndKeepsWhatIsNew) {
  const fs::path file = write("a", "aaaa");
  let_settle();
  FileHashes(store_).hash(file);
  const std::string line = read_bytes(store_);
  std::string text;
  for (int i = 0; i < 30'000; ++i) text += line;
  write_bytes(store_, text);
  FileHashes hashes(store_);
  EXPECT_EQ(hashes.hash(file).hex(), sha256("aaaa"));
  EXPECT_EQ(hashes.seconds_hashing(), 0);
  EXPECT_EQ(read_bytes(store_), line);
}

TEST_F(FileHashesTest, AFileThatChangesWhileItIsReadIsAnError) {
  const fs::path file = write("a", "");
  fs::resize_file(file, 50'000'000);  // all holes: quick to make, slow to hash
  std::atomic<bool> done = false;
  std::thread writer([&] {
    const Fd out(::open(file.c_str(), O_WRONLY));
    while (!done) {
      if (::pwrite(out.get(), "x", 1, 0) != 1) std::abort();
    }
  });
  const std::string error = error_of(file);
  done = true;
  writer.join();
  EXPECT_EQ(error, "cannot hash " + file.string() +
                       ": it changes while it is read; wait until it is complete");
}

TEST_F(FileHashesTest, WhatCannotBeReadIsAnErrorThatNamesTheFile) {
  const fs::path path = folder_.path();
  EXPECT_EQ(error_of(path / "none"),
            "cannot hash " + (path / "none").string() + ": No such file or directory");
  EXPECT_EQ(error_of(path), "cannot hash " + path.string() + ": not a regular file");
  ASSERT_EQ(::mkfifo((path / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(error_of(path / "pipe"),
            "cannot hash " + (path / "pipe").string() + ": not a regular file");
}

TEST_F(FileHashesTest, ThreadsThatAskForTheSameFileReadItOnce) {
  const std::string bytes(20'000'000, 'x');
  const fs::path file = write("a", bytes);
  let_settle();
  FileHashes hashes(store_);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  const std::string expected = sha256(bytes);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] { wrong += hashes.hash(file).hex() != expected; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  const std::string log = read_bytes(store_);
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
}

}  // namespace
}  // namespace heddle
