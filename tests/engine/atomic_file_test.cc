#include "engine/atomic_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace heddle {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class AtomicFile : public ::testing::Test {
 protected:
  AtomicFile() {
    std::string name = (fs::temp_directory_path() / "heddle-atomic-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for the test");
    folder_ = name;
  }
  ~AtomicFile() override { fs::remove_all(folder_); }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_))
      names.push_back(entry.path().filename());
    return names;
  }

  fs::path folder_;
};

std::string error_of(const std::function<void()>& deed) {
  try {
    deed();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

// Runs `deed` in a child of its own, where limits may be set that never come off; what it returns
// comes back.
std::string in_child(const std::function<std::string()>& deed) {
  std::array<int, 2> pipe;
  if (::pipe(pipe.data()) != 0) throw std::runtime_error("no pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string result = deed();
    const ssize_t written = ::write(pipe[1], result.data(), result.size());
    ::_exit(written == static_cast<ssize_t>(result.size()) ? 0 : 1);
  }
  ::close(pipe[1]);
  std::string result(1000, '\0');
  const ssize_t size = ::read(pipe[0], result.data(), result.size());
  result.resize(size < 0 ? 0 : static_cast<size_t>(size));
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status == 0 ? result : "the child failed";
}

void limit_file_size(rlim_t bytes) {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{bytes, bytes};
  if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(2);
}

// As a file system that does not know the call.
void forbid_renameat2() {
  std::array<sock_filter, 4> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_renameat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog filter{program.size(), program.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    ::_exit(3);
  }
}

TEST_F(AtomicFile, WhatIsWrittenIsReadBack) {
  const std::string bytes("a\0b\xFF", 4);
  write_file_atomically(folder_ / "file", bytes);
  EXPECT_EQ(read_file(folder_ / "file"), bytes);
  EXPECT_THAT(names(), ElementsAre("file"));
}

TEST_F(AtomicFile, AFileIsReplacedAsAWhole) {
  write_file_atomically(folder_ / "file", std::string(100000, 'x'));
  write_file_atomically(folder_ / "file", "");
  EXPECT_EQ(read_file(folder_ / "file"), "");
}

TEST_F(AtomicFile, ANewFileNeverReplaces) {
  EXPECT_TRUE(write_new_file(folder_ / "file", "first"));
  EXPECT_FALSE(write_new_file(folder_ / "file", "second"));
  EXPECT_EQ(read_file(folder_ / "file"), "first");
  EXPECT_THAT(names(), ElementsAre("file"));
}

TEST_F(AtomicFile, WithoutRenameat2ANewFileStillNeverReplaces) {
  const std::string result = in_child([&] {
    forbid_renameat2();
    const bool first = write_new_file(folder_ / "file", "first");
    const bool second = write_new_file(folder_ / "file", "second");
    return std::string(first ? "true " : "false ") + (second ? "true" : "false");
  });
  EXPECT_EQ(result, "true false");
  EXPECT_EQ(read_file(folder_ / "file"), "first");
  EXPECT_THAT(names(), ElementsAre("file"));
}

TEST_F(AtomicFile, ANewFileMayComeInPieces) {
  EXPECT_TRUE(write_new_file(folder_ / "file", [](const AppendBytes& append) {
    append("one");
    append("");
    append("two");
  }));
  EXPECT_EQ(read_file(folder_ / "file"), "onetwo");
  EXPECT_THAT(names(), ElementsAre("file"));
}

TEST_F(AtomicFile, ContentThatFailsLeavesNothing) {
  const auto broken = [](const AppendBytes& append) {
    append("half");
    throw std::runtime_error("no more");
  };
  EXPECT_EQ(error_of([&] { write_new_file(folder_ / "file", broken); }), "no more");
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(AtomicFile, OfManyThatRaceForANewFileOneWins) {
  std::atomic<int> winners{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] { winners += write_new_file(folder_ / "file", "whole"); });
    }
  }
  EXPECT_EQ(winners, 1);
  EXPECT_EQ(read_file(folder_ / "file"), "whole");
  EXPECT_THAT(names(), ElementsAre("file"));
}

TEST_F(AtomicFile, ATargetWithTheLongestNameIsWritten) {
  const fs::path path = folder_ / std::string(255, 'n');
  write_file_atomically(path, "bytes");
  EXPECT_EQ(read_file(path), "bytes");
}

TEST_F(AtomicFile, AFailedWriteLeavesTheOldFileAndNothingElse) {
  write_file_atomically(folder_ / "file", "old");
  const std::string message = in_child([&] {
    limit_file_size(5000);
    return error_of([&] { write_file_atomically(folder_ / "file", std::string(10000, 'x')); });
  });
  EXPECT_EQ(message, "cannot write " + (folder_ / "file").string() + ": File too large");
  EXPECT_EQ(read_file(folder_ / "file"), "old");
  EXPECT_THAT(names(), ElementsAre("file"));
}

TEST_F(AtomicFile, AFailedWriteOfANewFileLeavesNothing) {
  const std::string message = in_child([&] {
    limit_file_size(5000);
    return error_of([&] { write_new_file(folder_ / "file", std::string(10000, 'x')); });
  });
  EXPECT_EQ(message, "cannot write " + (folder_ / "file").string() + ": File too large");
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(AtomicFile, AMissingFolderIsAnErrorAndIsNotMade) {
  const fs::path path = folder_ / "no" / "file";
  EXPECT_EQ(error_of([&] { write_file_atomically(path, "x"); }),
            "cannot write " + path.string() + ": No such file or directory");
  EXPECT_THAT(error_of([&] { write_new_file(path, "x"); }), HasSubstr("No such file or directory"));
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(AtomicFile, APathUnderAFileIsAnError) {
  write_file_atomically(folder_ / "file", "old");
  EXPECT_THAT(error_of([&] { write_file_atomically(folder_ / "file" / "new", "x"); }),
              HasSubstr("Not a directory"));
  EXPECT_THAT(error_of([&] { read_file(folder_ / "file" / "new"); }), HasSubstr("Not a directory"));
  EXPECT_EQ(read_file(folder_ / "file"), "old");
}

TEST_F(AtomicFile, AFolderInThePlaceOfTheFileIsAnErrorAndLeavesNothing) {
  fs::create_directory(folder_ / "file");
  EXPECT_THAT(error_of([&] { write_file_atomically(folder_ / "file", "x"); }),
              HasSubstr("Is a directory"));
  EXPECT_FALSE(write_new_file(folder_ / "file", "x"));
  EXPECT_THAT(names(), ElementsAre("file"));
}

TEST_F(AtomicFile, ReadingNamesTheFileAndTheReason) {
  EXPECT_EQ(error_of([&] { read_file(folder_ / "none"); }),
            "cannot read " + (folder_ / "none").string() + ": No such file or directory");
  EXPECT_EQ(error_of([&] { read_file(folder_); }),
            "cannot read " + folder_.string() + ": Is a directory");
}

TEST_F(AtomicFile, AFileWhoseSizeIsNotKnownIsReadWhole) {
  EXPECT_THAT(read_file("/proc/self/status"), HasSubstr("VmSize"));
}

TEST_F(AtomicFile, WhatKilledProcessesLeftIsRemovedAndNothingElse) {
  const int gone = fork();
  if (gone == 0) _exit(0);
  waitpid(gone, nullptr, 0);
  const std::string dead = ".heddle-" + std::to_string(gone) + "-3.tmp", alive = ".heddle-1-7.tmp";
  fs::create_directories(folder_ / "below");
  for (const std::string& name : {dead, alive, std::string(".heddle-x.tmp"), std::string("picture.png")}) {
    write_file_atomically(folder_ / name, "half");
    write_file_atomically(folder_ / "below" / name, "half");
  }
  EXPECT_EQ(remove_leftovers(folder_), 2);
  EXPECT_FALSE(std::filesystem::exists(folder_ / dead));
  EXPECT_TRUE(std::filesystem::exists(folder_ / alive));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "below/picture.png"));
  EXPECT_EQ(remove_leftovers(folder_ / "nowhere"), 0);
}

}  // namespace
}  // namespace heddle
