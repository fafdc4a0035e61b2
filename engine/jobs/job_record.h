// Jobs as they are kept: all that another process needs to run one, and what became of it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/json.h"

namespace heddle {

enum class JobState { kQueued, kRunning, kSucceeded, kFailed, kCancelled };

inline constexpr std::array<std::string_view, 5> kJobStateNames{"queued", "running", "succeeded", "failed", "cancelled"};
inline std::string_view name_of(JobState state) { return kJobStateNames[size_t(state)]; }
std::optional<JobState> job_state_named(std::string_view name);
inline bool is_over(JobState state) { return state >= JobState::kSucceeded; }

/// Milliseconds since 1970, UTC. Time is handed in: tests set the clock.
using Millis = int64_t;
using MillisClock = std::function<Millis()>;
Millis system_millis();

/// Which of the waiting jobs is next: the highest priority, then the lowest number, then the first accepted.
struct QueuePlace {
  int64_t priority = 0;
  double number = 0;  // ComfyUI's "number"; counts up, negative for the front
};

struct JobRecord {
  std::string id;
  int64_t order = 0;  // of acceptance; given by the store, counts up
  JobState state = JobState::kQueued;
  QueuePlace place = {};
  /// {"graph": API format, "workflow", "targets": [ids], "client_id", "extra_data", "metadata": bool, "webhook":
  /// {"url", "secret"}, "pipeline": {"name", "revision", "inputs"}, "outputs": {name: [step, slot]}}; what is null or
  /// empty is left out.
  Json request = nullptr;
  Millis created = 0, started = 0, finished = 0;  // 0: not yet
  int crashes = 0;  // how often in a row it was running when the server died, without a newly finished step
  /// Once over: {"outputs": {step: ui}, "files": [{"step", "type", "subfolder", "filename", "sha256", "bytes"}],
  /// "ran", "cached", "error": {"step", "node", "message", "inputs"}}; else null.
  Json result = nullptr;
};

/// What happened in a job, in order. Kept: queued, started, cached, step_finished, warning, requeued, succeeded, failed,
/// cancelled. Passing, with number 0: step_started, progress, preview.
struct JobEvent {
  int64_t number = 0;  // counts up over all jobs; given by the store
  std::string job;
  std::string type;
  Json data = Json::object();
  Millis time = 0;
};

}  // namespace heddle
