// The pipelines of a server by name: files that people edit, and every revision they ever had. A file that has changed
// since it was last looked at becomes a new revision. Safe from any thread.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/jobs/job_store.h"
#include "engine/pipeline.h"

namespace heddle::server {

/// "name", "name@3", "name@0123abcd" -> the name and what stands behind the @.
struct PipelineName {
  std::string name, revision;
};
PipelineName split_pipeline_name(const std::string& text);
/// What is wrong with it as the name of a file below the folder of pipelines, or nothing.
std::optional<std::string> pipeline_name_problem(const std::string& name);

class PipelineShelf {
 public:
  /// `own` is where pipelines are saved; `bundled` come with the program and are only read. Both are NAME.json or
  /// NAME.pipeline.json; one of `own` hides a bundled one of its name.
  PipelineShelf(JobStore& store, std::filesystem::path own, std::vector<std::filesystem::path> bundled,
                MillisClock clock);

  struct Entry {
    PipelineRevision revision;
    bool read_only = false;  // bundled
  };
  /// Newest revisions, by name.
  std::vector<Entry> list();
  /// `revision` as for JobStore::revision(). Throws JsonError for a file that is none, with its path.
  std::optional<Entry> find(const std::string& name, const std::string& revision = "");
  /// Oldest first, documents left null.
  std::vector<PipelineRevision> revisions(const std::string& name);

  struct Saved {
    PipelineRevision revision;
    bool is_new = false;  // false: the same document is the newest revision already
  };
  /// REQUIRES: a good name, and a document that is a pipeline. Throws std::runtime_error in words (disk full).
  Saved save(const std::string& name, const Json& document);
  enum class Removed { kYes, kUnknown, kReadOnly };
  Removed remove(const std::string& name);

  std::vector<std::string> names();
  /// For steps of type `Pipeline/NAME` or `Pipeline/NAME@REVISION`.
  FindPipeline finder();

 private:
  struct Place {
    std::filesystem::path file;
    bool read_only = false;
  };
  std::optional<Place> place_of(const std::string& name) const;
  Saved keep(const std::string& name, Json document);  // REQUIRES: mutex_ is held

  JobStore& store_;
  const std::filesystem::path own_;
  const std::vector<std::filesystem::path> bundled_;
  const MillisClock clock_;
  std::mutex mutex_;  // numbers of revisions are given one after the other
};

}  // namespace heddle::server
