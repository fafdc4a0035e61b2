// What FileHashes remembers across processes: a text file to which any number of them append, one
// line a file:
//
//   device inode size mtime ctime sha256 check
//
// Times are in nanoseconds, `check` is the XXH3-64 of the line before it. A line that does not
// check is skipped: it costs hashing one file again. The last line about an inode counts.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "engine/file_identity.h"
#include "engine/key.h"

namespace heddle {

struct FileHash {
  FileIdentity identity;
  Key hash;
};

class FileHashLog {
 public:
  explicit FileHashLog(std::filesystem::path path) : path_(std::move(path)) {}

  /// All that is remembered, oldest first; nothing if the file has not changed since the last call
  /// or append. Shortens a file that has grown long. Throws std::runtime_error if there is a file
  /// and it cannot be read.
  std::vector<FileHash> read_if_changed();

  /// Makes the file and its folder when needed. Throws std::runtime_error.
  void append(const FileHash& hash);

 private:
  const std::filesystem::path path_;
  ino_t seen_inode_ = 0;
  off_t seen_size_ = 0;
};

}  // namespace heddle
