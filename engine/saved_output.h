// Files that output steps have saved, remembered with their hashes, so that a server need not save the same again and
// finds what a crash has left behind.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/json.h"
#include "engine/key.h"

namespace heddle {

struct SavedFileRecord {
  std::filesystem::path path;  // absolute
  std::string sha256;
  uint64_t bytes = 0;
};

/// What an output step made: good while each file has its hash.
struct SavedOutput {
  Json ui;
  std::vector<SavedFileRecord> files;
};

/// The executor's view of what has been saved; steps may call it at once from several threads.
class OutputLedger {
 public:
  virtual ~OutputLedger() = default;
  /// What the step of that key made before, if all of it is still there.
  virtual std::optional<SavedOutput> find(const Key& step) = 0;
  /// A file is whole and about to get its name. What this throws prevents that.
  virtual void about_to_name(const SavedFileRecord& file) = 0;
  virtual void keep(const Key& step, const SavedOutput& output) = 0;
};

}  // namespace heddle
