// The jobs of a server that are not over, in the order in which they will run. Not thread-safe: the service guards it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/job.h"
#include "engine/jobs/gate.h"
#include "engine/jobs/job_record.h"
#include "engine/run_context.h"

namespace heddle {

/// A job that is not over. `record` is as it was accepted (it may be large, and is never copied to run it); what changes
/// is beside it.
struct LiveJob {
  std::shared_ptr<const JobRecord> record;
  JobState state = JobState::kQueued;
  QueuePlace place = {};
  Millis started = 0;
  std::shared_ptr<Gate> gate;
  CancelFlag cancel;
  std::shared_ptr<ReadyGraph> ready = nullptr;  // see Submission; the run takes it
  bool ending = false;    // what becomes of it is decided and on its way to the disk
  bool put_back = false;  // stopped because the server stops: it will run again
  std::vector<std::pair<int64_t, std::function<void(std::optional<JobRecord>)>>> waiting;
};
using LiveJobPtr = std::shared_ptr<LiveJob>;

LiveJobPtr make_live(JobRecord record, std::shared_ptr<Gate> gate);
/// The record as it stands.
JobRecord record_now(const LiveJob& job);

class JobQueue {
 public:
  void add(LiveJobPtr job);
  /// The next one to run leaves the pending ones and becomes the running one; null if there is none.
  LiveJobPtr take_next();
  /// No longer pending; it still counts as live until forget().
  bool withdraw(const LiveJobPtr& job) { return pending_.erase(job) > 0; }
  void forget(const std::string& job) { live_.erase(job); }
  /// Changes a pending job's place. REQUIRES: it is pending.
  void move(const LiveJobPtr& job, QueuePlace place);
  /// A place between its neighbours that puts `job` at `position` among the pending jobs of its priority.
  QueuePlace place_at(const LiveJobPtr& job, size_t position) const;

  LiveJobPtr find(const std::string& job) const;
  bool is_pending(const LiveJobPtr& job) const { return pending_.contains(job); }
  const auto& pending() const { return pending_; }
  size_t live() const { return live_.size(); }
  template <class Call>
  void for_each(Call call) const {
    for (const auto& [id, job] : live_) call(job);
  }

 private:
  struct RunsBefore {
    bool operator()(const LiveJobPtr& a, const LiveJobPtr& b) const;
  };
  std::set<LiveJobPtr, RunsBefore> pending_;
  std::unordered_map<std::string, LiveJobPtr> live_;
};

}  // namespace heddle
