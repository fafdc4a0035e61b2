// The folder of a disk store, shared by processes:
//
//   ab/cdef....bin   an entry, named by its key; renamed into place or removed, never changed
//   ab/.12-34.tmp    an entry being written; its writer holds a lock on it while it lives
//   lock             locked while entries come and go; holds how much there is, as last counted
//
// Both kinds of lock are flock()s, which the system drops when their process ends, however it ends.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/fd.h"
#include "engine/key.h"

namespace heddle {

/// What an entry of `size` bytes takes from the bound: whole blocks of a file system.
uint64_t disk_charge(uint64_t size);

struct Totals {
  uint64_t bytes = 0;  // sum of disk_charge
  uint64_t entries = 0;
};

struct EntryInfo {
  std::string path;
  std::pair<int64_t, int64_t> used;  // seconds, nanoseconds: the time of modification
  uint64_t bytes;                    // disk_charge
};

/// The right to add and remove entries, held while this lives. Other threads and processes wait.
class FolderLock {
 public:
  /// Throws std::system_error if the lock file cannot be written, std::runtime_error if the lock is
  /// not to be had within ten seconds: its holder is stopped.
  explicit FolderLock(const std::string& root);

  /// As saved last, or nothing if that never happened or is damaged.
  std::optional<Totals> totals() const;
  /// Throws std::system_error.
  void save(const Totals& totals);

 private:
  Fd file_;
};

/// A file of its own to write an entry to. Removed unless put_at() is called.
class Temporary {
 public:
  Temporary(Fd file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  Temporary(Temporary&& other) noexcept
      : file_(std::move(other.file_)), path_(std::exchange(other.path_, {})) {}
  ~Temporary();

  /// Says that its writer lives. False if another process took it for abandoned just before. Throws
  /// std::system_error.
  bool lock();

  int file() const { return file_.get(); }
  /// Replaces what is at `path`. Throws std::system_error.
  void put_at(const std::string& path);

 private:
  Fd file_;
  std::string path_;
};

class EntryFolder {
 public:
  explicit EntryFolder(std::string root) : root_(std::move(root)) {}

  const std::string& root() const { return root_; }
  std::string path(const Key& key) const;

  /// Beside path(key), locked. Throws std::system_error.
  Temporary make_temporary(const Key& key) const;

  /// Every entry, in no order. Removes temporaries whose process is gone. Throws std::system_error.
  std::vector<EntryInfo> scan() const;

 private:
  std::string root_;
};

/// Stamps a file as used now. A file that is not ours to stamp keeps its age.
void mark_used(int file);

}  // namespace heddle
