// The settings of ComfyUI's frontend: one JSON object in a file, written whole or not at all. Thread-safe.
#pragma once

#include <filesystem>
#include <functional>
#include <mutex>

#include "engine/jobs/job_record.h"
#include "engine/json.h"

namespace heddle::server {

class SettingsFile {
 public:
  /// Made, with its folder, by the first change.
  SettingsFile(std::filesystem::path file, MillisClock clock) : file_(std::move(file)), clock_(std::move(clock)) {}

  /// {} if there is no file. A file that is no JSON object counts as none, and is kept as NAME.damaged-TIME. Throws
  /// std::runtime_error if it cannot be read.
  Json read();
  /// Reads, lets `change` have it, and writes.
  void change(const std::function<void(Json& settings)>& change);

 private:
  Json read_locked();
  void put_aside(const std::string& why);

  std::filesystem::path file_;
  MillisClock clock_;
  std::mutex mutex_;
};

}  // namespace heddle::server
