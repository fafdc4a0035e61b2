// One job being carried out: turns what the executor reports into events, and keeps account of the files it saves so that
// a job that is run again after a crash saves nothing twice.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "engine/file_hashes.h"
#include "engine/image_file.h"
#include "engine/job.h"
#include "engine/jobs/job_record.h"
#include "engine/jobs/job_store.h"
#include "engine/observer.h"

namespace heddle {

/// Events that are to be kept, and those that pass.
struct JobVoice {
  std::function<void(std::string type, Json data)> keep, pass;
  std::function<void(const std::string& step, const Picture& picture)> preview;
};

class JobRun final : public Observer, public OutputLedger {
 public:
  /// `ready`: the record's graph if it was checked already, else null. Everything else outlives the run.
  JobRun(const JobRecord& record, std::shared_ptr<ReadyGraph> ready, const Workshop& workshop, JobStore& store,
         JobVoice voice);

  struct Outcome {
    JobState state = JobState::kFailed;
    Json result;
  };
  /// Never throws for what goes wrong in the job.
  Outcome carry_out(const CancelFlag& cancel, std::time_t now);

  void planned(const Plan& plan) override;
  void step_started(const StepRef& step) override;
  void step_preview(const StepRef& step, const Picture& picture) override;
  void step_progress(const StepRef& step, int value, int total) override;
  void step_output_cached(const StepRef& step, const SavedOutput& output) override;
  void step_saved(const StepRef& step, const std::vector<SavedFileRecord>& files) override;
  void step_finished(const StepRef& step, double seconds, const Json& ui, const Json& notes) override;
  void step_warning(const StepRef& step, const std::string& message) override;

  std::optional<SavedOutput> find(const Key& step) override;
  void about_to_name(const SavedFileRecord& file) override;
  void keep(const Key& step, const SavedOutput& output) override;

 private:
  void run(const CancelFlag& cancel, std::time_t now, Outcome& outcome);
  ReadyGraph ready_graph();
  Json error_of(const StepRef& step, const std::string& message) const;
  Json describe_files(const std::string& step, const std::vector<SavedFileRecord>& files) const;

  const JobRecord& record_;
  std::shared_ptr<ReadyGraph> ready_;
  const Workshop& workshop_;
  JobStore& store_;
  JobVoice voice_;
  PreparedJob job_;
  bool told_cached_ = false;
  StepRef current_;                     // the last one started
  Json outputs_ = Json::object();       // step -> what it shows
  Json files_ = Json::array();
  Json cached_ = Json::array(), executed_ = Json::array();  // ids of steps
  std::map<std::string, Json> saved_;   // step -> its files, until it has finished
};

/// Removes files that a job had put in place when the server died before their step had finished: it will save them again.
/// Those whose bytes are not the job's any more stay.
void remove_unfinished_files(JobStore& store, const std::string& job, FileHashes& hashes);

}  // namespace heddle
