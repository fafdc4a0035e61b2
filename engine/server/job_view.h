// A job as GET /v1/jobs/{id} shows it: its record, and what only the running server knows of it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "engine/jobs/job_record.h"
#include "engine/server/site.h"

namespace heddle::server {

/// job_json() with "position", "progress", "steps" and "warnings".
Json job_view(const JobRecord& job, const Site& site);

/// The file of an output of job_json(), if it is still there and as long as it was.
std::optional<std::filesystem::path> output_file(const Json& output, const Folders& folders);

/// Serves it under its name; 404 in words where it is gone. `cache` for what never changes.
Response output_response(const Json& output, const Site& site);
/// The first picture that a finished job has made, or why there is none.
Response first_picture(const JobRecord& job, const Site& site);

}  // namespace heddle::server
