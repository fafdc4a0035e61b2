#include "engine/entry_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <random>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>

namespace heddle {
namespace {

constexpr uint64_t kBlockBytes = 4096;
constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::milliseconds kPause{1};
constexpr std::string_view kEntrySuffix = ".bin";

[[noreturn]] void throw_errno(const std::string& path) {
  throw std::system_error(errno, std::generic_category(), path);
}

// Opens for writing, with the folders above it made when they are missing.
Fd create(const std::string& path, int flags) {
  flags |= O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
  Fd file(::open(path.c_str(), flags, 0644));
  if (file || errno != ENOENT) return file;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  return Fd(::open(path.c_str(), flags, 0644));
}

struct SavedTotals {
  Totals totals;
  XXH64_hash_t check = XXH3_64bits(&totals, sizeof totals);
};

bool is_lower_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_entry_name(std::string_view name) {
  constexpr size_t kDigits = 62;
  return name.size() == kDigits + kEntrySuffix.size() && name.ends_with(kEntrySuffix) &&
         is_lower_hex(name.substr(0, kDigits));
}

bool is_temporary_name(std::string_view name) {
  return name.starts_with('.') && name.ends_with(".tmp");
}

// The lock of a living writer is in the way.
void remove_if_abandoned(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(path.c_str());
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

void scan_into(const std::string& folder, std::vector<EntryInfo>& entries) {
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(folder.c_str()));
  if (!directory) {
    if (errno == ENOENT) return;
    throw_errno(folder);
  }
  while (const dirent* item = ::readdir(directory.get())) {
    const std::string_view name = item->d_name;
    const std::string path = folder + '/' + item->d_name;
    if (is_temporary_name(name)) remove_if_abandoned(path);
    struct stat status;
    if (!is_entry_name(name) || ::lstat(path.c_str(), &status) != 0) continue;
    if (!S_ISREG(status.st_mode)) continue;
    entries.push_back({path,
                       {status.st_mtim.tv_sec, status.st_mtim.tv_nsec},
                       disk_charge(uint64_t(status.st_size))});
  }
}

}  // namespace

uint64_t disk_charge(uint64_t size) { return (size + kBlockBytes - 1) / kBlockBytes * kBlockBytes; }

FolderLock::FolderLock(const std::string& root) {
  const std::string path = root + "/lock";
  file_ = create(path, 0);
  if (!file_) throw_errno(path);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  // Never blocks for good: a holder that was stopped in the middle must not stop every other
  // process.
  while (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) throw_errno(path);
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error(path + " is held by another process that does not go on");
    }
    std::this_thread::sleep_for(kPause);
  }
}

std::optional<Totals> FolderLock::totals() const {
  SavedTotals saved;
  if (::pread(file_.get(), &saved, sizeof saved, 0) != sizeof saved) return std::nullopt;
  if (saved.check != SavedTotals{saved.totals}.check) return std::nullopt;
  return saved.totals;
}

void FolderLock::save(const Totals& totals) {
  const SavedTotals saved{totals};
  const ssize_t written = ::pwrite(file_.get(), &saved, sizeof saved, 0);
  if (written == sizeof saved) return;
  if (written >= 0) errno = ENOSPC;
  throw_errno("saving how much the disk cache holds");
}

Temporary::~Temporary() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

bool Temporary::lock() {
  struct stat status;
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    throw_errno(path_);
  }
  if (::fstat(file_.get(), &status) != 0) throw_errno(path_);
  return status.st_nlink == 1;
}

void Temporary::put_at(const std::string& path) {
  if (::rename(path_.c_str(), path.c_str()) != 0) throw_errno(path);
  path_.clear();
}

std::string EntryFolder::path(const Key& key) const {
  std::string path = root_ + '/' + key.hex();
  path.insert(root_.size() + 3, 1, '/');
  return path.append(kEntrySuffix);
}

Temporary EntryFolder::make_temporary(const Key& key) const {
  const std::string entry = path(key);
  const std::string folder = entry.substr(0, root_.size() + 4);
  // A name is never used twice, or one who removes an abandoned file could hit the next of its
  // name.
  std::random_device random;
  for (;;) {
    const std::string path =
        folder + '.' + std::to_string(random()) + '-' + std::to_string(random()) + ".tmp";
    Fd file = create(path, O_EXCL);
    if (!file && errno == EEXIST) continue;
    if (!file) throw_errno(path);
    Temporary temporary(std::move(file), path);
    if (temporary.lock()) return temporary;
  }
}

std::vector<EntryInfo> EntryFolder::scan() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::vector<EntryInfo> entries;
  for (const char high : kDigits) {
    for (const char low : kDigits) scan_into(root_ + '/' + high + low, entries);
  }
  return entries;
}

void mark_used(int file) {
  // The kernel's own stamps are coarse, some 4 ms; the order of uses needs finer ones.
  timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, now};
  ::futimens(file, times);
}

}  // namespace heddle
