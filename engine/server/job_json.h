// A job as the world is told of it, under /v1 and in webhooks. Pure: only what the record says; the place in the queue
// and the progress are added by whoever knows them.
#pragma once

#include <optional>
#include <string>

#include "engine/jobs/job_record.h"
#include "engine/jobs/job_store.h"

namespace heddle::server {

/// {"id", "state", "priority", "created", "started", "finished", "seconds_waited", "seconds_running", "pipeline",
/// "client_id", "outputs": [{"number", "name", "step", "folder", "subfolder", "filename", "type", "bytes", "sha256",
/// "url", "blob"}], "shown", "steps_run", "steps_cached", "error", "url", "events"}. What a job does not have is left
/// out.
Json job_json(const JobRecord& job);

/// What is owed for a job that is over, or nothing where it asked for no webhook. For ServiceSettings::webhook.
std::optional<WebhookDelivery> webhook_delivery(const JobRecord& job);

/// "2026-01-31T12:00:00.250Z".
std::string time_text(Millis time);

}  // namespace heddle::server
