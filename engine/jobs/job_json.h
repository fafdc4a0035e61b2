// A job as the world is told of it, under /v1 and in webhooks. Pure: only what the record says; the place in the queue
// and the progress are added by whoever knows them.
#pragma once

#include <string>
#include <string_view>

#include "engine/jobs/job_record.h"

namespace heddle {

/// {"id", "state", "priority", "created", "started", "finished", "seconds_waited", "seconds_running", "pipeline",
/// "client_id", "outputs": [{"number", "name", "step", "folder", "subfolder", "filename", "type", "bytes", "sha256",
/// "url", "blob"}], "shown", "steps_run", "steps_cached", "error", "url", "events"}. What a job does not have is left out.
Json job_json(const JobRecord& job);

/// "2026-01-31T12:00:00.250Z".
std::string time_text(Millis time);

/// "image/png" for "house.png"; "application/octet-stream" where nothing is known.
std::string_view media_type(std::string_view filename);

}  // namespace heddle
