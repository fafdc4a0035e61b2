// What tells two states of a file apart without reading it, and when that may be trusted.
#pragma once

#include <sys/stat.h>

#include <cstdint>

namespace heddle {

struct FileIdentity {
  uint64_t device = 0, inode = 0;
  int64_t size = 0;
  int64_t mtime_ns = 0, ctime_ns = 0;  // since 1970
  bool operator==(const FileIdentity&) const = default;
};

FileIdentity identity_of(const struct stat& status);

/// Whether every change of the file at or after `time_ns` shows in its identity. Every write sets
/// ctime, and no program can set it back; but it is set to the start of a tick of the file system's
/// clock, so a write within the tick of the last one goes unseen. Ticks are 10 ms or shorter, twice
/// that is allowed for; file systems that count in seconds (an even one tells) have ticks of up to
/// two.
bool is_settled(const FileIdentity& identity, int64_t time_ns);

}  // namespace heddle
