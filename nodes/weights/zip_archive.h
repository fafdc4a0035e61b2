// A zip archive in memory, read-only (libzip): where its members lie, and what they inflate to.
// Opening one reads the directory at its end; nothing is unpacked unless asked for.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "nodes/weights/file_error.h"

namespace heddle::weights {

struct ZipMember {
  std::string name;
  uint64_t index = 0;
  uint64_t bytes = 0;     // as unpacked, says the directory
  bool deflated = false;  // else stored as it is
};

class ZipArchive {
 public:
  /// `bytes` must outlive the archive. Throws FileError for what is no zip archive, is incomplete,
  /// or has two members of one name; `file_name` is for that.
  ZipArchive(std::string_view bytes, const std::string& file_name);
  ~ZipArchive();

  const std::unordered_map<std::string, ZipMember>& members() const { return members_; }

  /// The bytes of a stored member, which lie within the archive's. Throws FileError.
  std::string_view stored(const ZipMember& member) const;

  /// Unpacks a member to `out`, which has room for `member.bytes`. Throws FileError if it has
  /// another size or checksum than the directory says.
  void inflate(const ZipMember& member, char* out) const;

 private:
  struct Open;

  void list();
  [[noreturn]] void fail(const std::string& member, const std::string& problem) const;

  std::unique_ptr<Open> open_;
  std::unordered_map<std::string, ZipMember> members_;
};

}  // namespace heddle::weights
