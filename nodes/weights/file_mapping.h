// A file in memory, read-only: what every tensor that was not copied looks into.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "nodes/weights/file_error.h"

namespace heddle::weights {

/// Shared by an open file and every tensor that looks into it. Immutable and safe to use from
/// several threads.
class FileMapping {
 public:
  /// Throws FileError for what is no regular file, is empty or cannot be read.
  explicit FileMapping(const std::filesystem::path& path);
  ~FileMapping();
  FileMapping(const FileMapping&) = delete;
  FileMapping& operator=(const FileMapping&) = delete;

  /// All bytes of the file. They are not to be written to: torch's views want a plain pointer.
  char* data() const { return static_cast<char*>(data_); }
  size_t size() const { return size_t(opened_.st_size); }
  std::string_view bytes() const { return {data(), size()}; }

  /// Throws FileError if the file was written to since it was opened.
  void check_unchanged() const;

 private:
  void map();
  void release(const char* begin, size_t size) const;
  friend std::shared_ptr<char> lend(std::shared_ptr<const FileMapping> file, size_t begin, size_t size);

  std::string name_;
  int descriptor_ = -1;
  struct stat opened_ = {};
  void* data_ = nullptr;
};

/// `size` bytes of `file` from `begin` for as long as somebody holds them. Then the memory behind them is let go of, until
/// somebody wants them again: without this a whole checkpoint stays in memory beside the networks made of it.
std::shared_ptr<char> lend(std::shared_ptr<const FileMapping> file, size_t begin, size_t size);

}  // namespace heddle::weights
