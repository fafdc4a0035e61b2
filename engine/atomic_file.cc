#include "engine/atomic_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "engine/key.h"

namespace heddle {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const char* deed, const fs::path& path, int error) {
  throw std::runtime_error(std::string("cannot ") + deed + " " + path.string() + ": " +
                           std::generic_category().message(error));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  /// Some file systems report a failed write only here.
  bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

/// A file beside `target` that goes with this object unless it got the target's name before.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target) : target_(target), fd_(create()) {}
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void append(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written >= 0) {
        bytes.remove_prefix(static_cast<size_t>(written));
      } else if (errno != EINTR) {
        fail("write", target_, errno);
      }
    }
  }

  /// All bytes are on the disk.
  void finish() {
    if (::fsync(fd_.get()) != 0 || !fd_.close()) fail("write", target_, errno);
  }

  // REQUIRES of both: finish().
  void replace_target() {
    if (::rename(path_.c_str(), target_.c_str()) != 0) fail("write", target_, errno);
    path_.clear();
    flush_folder();
  }

  /// False if the target exists.
  bool become_target() {
    if (!take_free_name()) {
      if (errno == EEXIST) return false;
      fail("write", target_, errno);
    }
    flush_folder();
    return true;
  }

 private:
  /// Short, so that it fits wherever the target's name does; another process' leftover just costs a
  /// number.
  int create() {
    static std::atomic<unsigned> counter{0};
    for (;;) {
      const std::string name =
          ".heddle-" + std::to_string(::getpid()) + "-" + std::to_string(counter++) + ".tmp";
      path_ = folder_of(target_) / name;
      const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (fd >= 0) return fd;
      if (errno != EEXIST) fail("write", target_, errno);
    }
  }

  bool take_free_name() {
    if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target_.c_str(), RENAME_NOREPLACE) == 0) {
      path_.clear();
      return true;
    }
    // Some file systems (NFS) lack the call but have hard links; the first name then goes with this
    // object.
    return (errno == EINVAL || errno == ENOSYS) && ::link(path_.c_str(), target_.c_str()) == 0;
  }

  /// The new name is in the folder, which is flushed on its own.
  void flush_folder() {
    const Descriptor folder(::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // A folder that may be written but not read, or a file system without the notion, is no failure
    // to write.
    if (folder.get() < 0 || ::fsync(folder.get()) == 0) return;
    if (errno != EINVAL && errno != EBADF && errno != ENOTSUP) fail("write", target_, errno);
  }

  const fs::path& target_;
  fs::path path_;
  Descriptor fd_;
};

}  // namespace

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  TemporaryFile temporary(path);
  temporary.append(bytes);
  temporary.finish();
  temporary.replace_target();
}

bool write_new_file(const fs::path& path, std::string_view bytes) {
  return write_new_file(path, [&](const AppendBytes& append) { append(bytes); });
}

bool write_new_file(const fs::path& path, const FileContent& content, const BeforeNaming& before_naming) {
  TemporaryFile temporary(path);
  Hasher hasher;
  uint64_t size = 0;
  content([&](std::string_view bytes) {
    temporary.append(bytes);
    size += bytes.size();
    if (before_naming) hasher.add_raw(bytes.data(), bytes.size());
  });
  temporary.finish();
  if (before_naming) before_naming(hasher.finish().hex(), size);
  return temporary.become_target();
}

int remove_leftovers(const fs::path& folder) {
  int removed = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), last; !error && it != last; it.increment(error)) {
    int process = 0, number = 0, used = 0;
    const std::string name = it->path().filename().string();
    if (std::sscanf(name.c_str(), ".heddle-%d-%d.tmp%n", &process, &number, &used) != 2) continue;
    if (size_t(used) != name.size() || process <= 0) continue;
    const bool may_live = process != ::getpid() && (::kill(process, 0) == 0 || errno != ESRCH);
    if (!may_live && ::unlink(it->path().c_str()) == 0) ++removed;
  }
  return removed;
}

std::string read_file(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) fail("read", path, errno);
  struct stat about;
  if (::fstat(file.get(), &about) != 0) fail("read", path, errno);
  // The size is a hint: files of /proc have none, and a file may grow while it is read.
  std::string bytes(static_cast<size_t>(about.st_size) + 1, '\0');
  size_t filled = 0;
  for (;;) {
    if (filled == bytes.size()) bytes.resize(2 * bytes.size() + 4096);
    const ssize_t got = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (got == 0) break;
    if (got > 0) {
      filled += static_cast<size_t>(got);
    } else if (errno != EINTR) {
      fail("read", path, errno);
    }
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace heddle
