#include "engine/jobs/job_record.h"

#include <algorithm>
#include <chrono>

namespace heddle {

std::optional<JobState> job_state_named(std::string_view name) {
  const auto found = std::find(kJobStateNames.begin(), kJobStateNames.end(), name);
  if (found == kJobStateNames.end()) return std::nullopt;
  return JobState(found - kJobStateNames.begin());
}

Millis system_millis() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace heddle
