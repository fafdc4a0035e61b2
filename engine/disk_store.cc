// The disk tier. An entry is written to a temporary without any lock, then comes into place under
// the folder's lock, where the bound is kept: the total stands in the lock file, so adding an entry
// costs no look at the others until there is no room. Then everything is counted anew and the least
// recently used entries go. The total may be too high after a crash, which only means an early
// count, but never too low while processes live: it is raised before an entry appears and lowered
// after one is gone. A power cut can leave an old total, so each process counts before it first
// adds.
//
// Entries are not flushed to the disk when written. What a power cut tears is found by its
// checksum, and is a miss.
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "engine/cache.h"
#include "engine/entry_file.h"
#include "engine/entry_folder.h"

namespace heddle {
namespace {

constexpr std::chrono::minutes kBetweenComplaints{1};

bool can_write(const CachedResult& result) {
  return std::ranges::all_of(result.outputs,
                             [](const ValuePtr& value) { return value && value->can_write(); });
}

void subtract(Totals& totals, uint64_t bytes) {
  totals.bytes -= std::min(totals.bytes, bytes);
  totals.entries -= std::min<uint64_t>(totals.entries, 1);
}

void remove_entry(FolderLock& lock, const std::string& path) {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0) return;
  if (::unlink(path.c_str()) != 0) throw std::system_error(errno, std::generic_category(), path);
  if (auto totals = lock.totals()) {
    subtract(*totals, disk_charge(uint64_t(status.st_size)));
    lock.save(*totals);
  }
}

class DiskStore final : public ResultStore {
 public:
  DiskStore(const std::filesystem::path& folder, uint64_t max_bytes, const ValueReaders& readers);

  bool contains(const Key& key) override;
  std::optional<CachedResult> get(const Key& key) override;
  void put(const Key& key, const CachedResult& result) override;
  void erase(const Key& key) override;
  void clear() override;
  uint64_t bytes() override { return totals().bytes; }
  uint64_t entries() override { return totals().entries; }

 private:
  void add(const Key& key, Temporary entry, uint64_t size);
  void remove_damaged(const std::string& path, int file);
  Totals totals();
  Totals totals(FolderLock& lock);
  Totals make_room(FolderLock& lock, uint64_t bytes);
  void complain(std::string_view what);

  const EntryFolder folder_;
  const uint64_t max_bytes_;
  const ValueReaders& readers_;
  std::mutex mutex_;  // threads wait here, processes at the FolderLock; guards what follows
  bool counted_ = false;
  std::mutex complaint_mutex_;
  std::optional<std::chrono::steady_clock::time_point> complained_;
};

DiskStore::DiskStore(const std::filesystem::path& folder, uint64_t max_bytes,
                     const ValueReaders& readers)
    : folder_((folder / "results").string()), max_bytes_(max_bytes), readers_(readers) {
  std::filesystem::create_directories(folder_.root());
  if (::faccessat(AT_FDCWD, folder_.root().c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    throw std::system_error(errno, std::generic_category(), folder_.root());
  }
  FolderLock lock(folder_.root());
  const auto saved = lock.totals();
  if (!saved || saved->bytes > max_bytes_) make_room(lock, 0);
}

bool DiskStore::contains(const Key& key) { return ::access(folder_.path(key).c_str(), F_OK) == 0; }

std::optional<CachedResult> DiskStore::get(const Key& key) {
  const std::string path = folder_.path(key);
  // From here on the file is ours to read, even if another process removes it. O_NONBLOCK: a pipe
  // must not hold us up.
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) {
    if (errno != ENOENT) complain(path + ": " + std::generic_category().message(errno));
    return std::nullopt;
  }
  try {
    CachedResult result = read_entry(file.get(), key, readers_);
    mark_used(file.get());
    return result;
  } catch (const std::bad_alloc&) {
    spdlog::warn("disk cache: {} is not read: not enough memory", path);
  } catch (const std::exception& error) {
    spdlog::warn("disk cache: {} is damaged and removed: {}", path, error.what());
    remove_damaged(path, file.get());
  }
  return std::nullopt;
}

void DiskStore::put(const Key& key, const CachedResult& result) {
  if (max_bytes_ == 0 || !can_write(result)) return;
  const uint64_t whole_blocks = max_bytes_ - max_bytes_ % disk_charge(1);
  try {
    Temporary entry = folder_.make_temporary(key);
    const uint64_t size = write_entry(entry.file(), key, result, whole_blocks);
    mark_used(entry.file());
    add(key, std::move(entry), disk_charge(size));
  } catch (const EntryTooLarge& error) {
    spdlog::info("disk cache: {} is not kept, the bound is {}", error.what(), max_bytes_);
  } catch (const std::exception& error) {
    complain(std::string("a result is not kept: ") + error.what());
  }
}

// The lock is held for a few system calls, unless there is no room.
void DiskStore::add(const Key& key, Temporary entry, uint64_t size) {
  std::lock_guard threads(mutex_);
  FolderLock lock(folder_.root());
  Totals now = totals(lock);
  if (now.bytes + size > max_bytes_) now = make_room(lock, size);
  const std::string path = folder_.path(key);
  struct stat replaced;
  const bool replaces = ::lstat(path.c_str(), &replaced) == 0;
  now.bytes += size;
  ++now.entries;
  lock.save(now);
  entry.put_at(path);
  if (!replaces) return;
  subtract(now, disk_charge(uint64_t(replaced.st_size)));
  lock.save(now);
}

// Counts anew and removes the least recently used entries until `bytes` more fit. Then a sixteenth
// of the bound is freed as far as whole entries fit into it: a full cache of many small entries is
// not counted at every put, and one of few large ones loses none needlessly.
Totals DiskStore::make_room(FolderLock& lock, uint64_t bytes) {
  std::vector<EntryInfo> entries = folder_.scan();
  Totals now;
  for (const EntryInfo& entry : entries) now.bytes += entry.bytes;
  now.entries = entries.size();
  const uint64_t room = max_bytes_ - bytes;
  const uint64_t low = room - std::min(room, max_bytes_ / 16);
  std::ranges::sort(entries, {}, &EntryInfo::used);
  const bool full = now.bytes > room;
  for (const EntryInfo& entry : entries) {
    if (!full || (now.bytes <= room && now.bytes - entry.bytes < low)) break;
    if (::unlink(entry.path.c_str()) != 0 && errno != ENOENT) {
      throw std::system_error(errno, std::generic_category(), entry.path);
    }
    subtract(now, entry.bytes);
  }
  lock.save(now);
  counted_ = true;
  return now;
}

Totals DiskStore::totals(FolderLock& lock) {
  const auto saved = lock.totals();
  return counted_ && saved ? *saved : make_room(lock, 0);
}

Totals DiskStore::totals() {
  std::lock_guard threads(mutex_);
  FolderLock lock(folder_.root());
  return totals(lock);
}

void DiskStore::erase(const Key& key) {
  try {
    std::lock_guard threads(mutex_);
    FolderLock lock(folder_.root());
    remove_entry(lock, folder_.path(key));
  } catch (const std::exception& error) {
    complain(std::string("an entry is not removed: ") + error.what());
  }
}

// Not by name alone: another process may have put a whole entry there since `file` was opened.
void DiskStore::remove_damaged(const std::string& path, int file) {
  try {
    std::lock_guard threads(mutex_);
    FolderLock lock(folder_.root());
    struct stat damaged, present;
    if (::fstat(file, &damaged) != 0 || ::lstat(path.c_str(), &present) != 0) return;
    if (damaged.st_dev != present.st_dev || damaged.st_ino != present.st_ino) return;
    remove_entry(lock, path);
  } catch (const std::exception& error) {
    complain(std::string("a damaged entry is not removed: ") + error.what());
  }
}

void DiskStore::clear() {
  std::lock_guard threads(mutex_);
  FolderLock lock(folder_.root());
  for (const EntryInfo& entry : folder_.scan()) remove_entry(lock, entry.path);
  lock.save({});
}

// A full disk fails every put: that is said once a minute, not once an entry.
void DiskStore::complain(std::string_view what) {
  std::lock_guard lock(complaint_mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (complained_ && now - *complained_ < kBetweenComplaints) return;
  complained_ = now;
  spdlog::warn("disk cache: {} (more of this kind is not logged for a minute)", what);
}

}  // namespace

std::unique_ptr<ResultStore> make_disk_store(const std::filesystem::path& folder,
                                             uint64_t max_bytes, const ValueReaders& readers) {
  return std::make_unique<DiskStore>(folder, max_bytes, readers);
}

}  // namespace heddle
