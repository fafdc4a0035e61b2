#include "engine/file_identity.h"

namespace heddle {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

// Times of files can be set to anything; those beyond the year 2262 wrap around.
int64_t nanoseconds(const timespec& time) {
  return int64_t(uint64_t(time.tv_sec) * uint64_t(kSecondNs) + uint64_t(time.tv_nsec));
}

}  // namespace

FileIdentity identity_of(const struct stat& status) {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = status.st_size,
          .mtime_ns = nanoseconds(status.st_mtim),
          .ctime_ns = nanoseconds(status.st_ctim)};
}

bool is_settled(const FileIdentity& identity, int64_t time_ns) {
  const int64_t tick = identity.ctime_ns % kSecondNs == 0 ? 2 * kSecondNs : kSecondNs / 50;
  return identity.ctime_ns < time_ns - tick;
}

}  // namespace heddle
