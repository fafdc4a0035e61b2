// SHA-256 of files, remembered by device, inode, size, mtime and ctime in nanoseconds: any difference hashes again.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "engine/key.h"

namespace heddle {

class FileHashes {
 public:
  /// Remembers in memory only, or across processes in `store` (a file, made when needed; damage is ignored).
  explicit FileHashes(std::filesystem::path store = {});
  ~FileHashes();

  /// Throws std::runtime_error that names the file if it cannot be read. Thread-safe.
  Key hash(const std::filesystem::path& file);
  /// The hash if it is remembered; reads no file of that size.
  std::optional<Key> remembered(const std::filesystem::path& file);

  /// Seconds spent reading files so far, to be reported apart from load times.
  double seconds_hashing() const;

 private:
  struct Memory;
  std::unique_ptr<Memory> memory_;
};

}  // namespace heddle
