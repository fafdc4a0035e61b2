#include "engine/file_hashes.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/fd.h"
#include "engine/file_hash_log.h"

namespace heddle {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;
constexpr int kAttempts = 3;
constexpr int64_t kSecond = 1'000'000'000;

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& why) {
  throw std::runtime_error("cannot hash " + file.string() + ": " + why);
}

[[noreturn]] void fail_errno(const std::filesystem::path& file) {
  fail(file, std::generic_category().message(errno));
}

int64_t now_ns() {
  timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

Key digest(int file, const std::filesystem::path& name) {
  ::posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
  std::vector<char> buffer(kReadBytes);
  Hasher hasher;
  for (;;) {
    const ssize_t got = ::read(file, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_errno(name);
    if (got == 0) return hasher.finish();
    hasher.add_raw(buffer.data(), size_t(got));
  }
}

struct HashedFile {
  FileHash file;
  bool settled;
};

// Nothing if the file changed meanwhile.
std::optional<HashedFile> hash_once(const std::filesystem::path& name) {
  const int64_t start = now_ns();
  // O_NONBLOCK: opening a pipe must not hold us up.
  const Fd file(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat before, after;
  if (!file || ::fstat(file.get(), &before) != 0) fail_errno(name);
  if (!S_ISREG(before.st_mode)) fail(name, "not a regular file");
  const Key key = digest(file.get(), name);
  if (::fstat(file.get(), &after) != 0) fail_errno(name);
  const FileIdentity identity = identity_of(before);
  if (identity != identity_of(after)) return std::nullopt;
  return HashedFile{{identity, key}, is_settled(identity, start)};
}

}  // namespace

struct FileHashes::Memory {
  explicit Memory(const std::filesystem::path& store) {
    if (!store.empty()) log.emplace(store);
  }

  std::optional<Key> find(const std::filesystem::path& file);
  void read_log();
  void remember(const FileHash& file);

  // Held while a file is read: two threads that ask for the same file read it once. Guards `log`
  // and `complained`.
  std::mutex reading;
  std::optional<FileHashLog> log;
  bool complained = false;

  std::mutex mutex;  // guards what follows
  std::map<std::pair<uint64_t, uint64_t>, FileHash> by_inode;
  double seconds = 0;

 private:
  void complain(const std::exception& error);
};

std::optional<Key> FileHashes::Memory::find(const std::filesystem::path& file) {
  struct stat status;
  if (::stat(file.c_str(), &status) != 0) fail_errno(file);
  std::lock_guard lock(mutex);
  const auto found = by_inode.find({status.st_dev, status.st_ino});
  if (found == by_inode.end() || found->second.identity != identity_of(status)) return std::nullopt;
  return found->second.hash;
}

void FileHashes::Memory::read_log() {
  if (!log) return;
  try {
    const std::vector<FileHash> files = log->read_if_changed();
    std::lock_guard lock(mutex);
    for (const FileHash& file : files) {
      by_inode.insert_or_assign({file.identity.device, file.identity.inode}, file);
    }
  } catch (const std::runtime_error& error) {
    complain(error);
  }
}

void FileHashes::Memory::remember(const FileHash& file) {
  {
    std::lock_guard lock(mutex);
    by_inode.insert_or_assign({file.identity.device, file.identity.inode}, file);
  }
  if (!log) return;
  try {
    log->append(file);
  } catch (const std::runtime_error& error) {
    complain(error);
  }
}

void FileHashes::Memory::complain(const std::exception& error) {
  if (!complained)
    spdlog::warn("hashes of files are not remembered across processes: {}", error.what());
  complained = true;
}

FileHashes::FileHashes(std::filesystem::path store) : memory_(std::make_unique<Memory>(store)) {}

FileHashes::~FileHashes() = default;

Key FileHashes::hash(const std::filesystem::path& file) {
  if (const auto known = memory_->find(file)) return *known;
  std::lock_guard one_at_a_time(memory_->reading);
  memory_
      ->read_log();  // another process, or while we waited another thread, may have read the file
  if (const auto known = memory_->find(file)) return *known;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto start = std::chrono::steady_clock::now();
    const auto hashed = hash_once(file);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    {
      std::lock_guard lock(memory_->mutex);
      memory_->seconds += took.count();
    }
    if (!hashed) continue;
    if (hashed->settled) memory_->remember(hashed->file);
    return hashed->file.hash;
  }
  fail(file, "it changes while it is read; wait until it is complete");
}

std::optional<Key> FileHashes::remembered(const std::filesystem::path& file) {
  if (const auto known = memory_->find(file)) return known;
  const std::unique_lock reading(memory_->reading, std::try_to_lock);
  if (!reading) return std::nullopt;  // a large file is being hashed, which may take a minute
  memory_->read_log();
  return memory_->find(file);
}

double FileHashes::seconds_hashing() const {
  std::lock_guard lock(memory_->mutex);
  return memory_->seconds;
}

}  // namespace heddle
