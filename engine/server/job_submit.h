// Takes a job and answers for it: 201 at once, or with ?wait= the finished job, or the picture that it makes.
#pragma once

#include <memory>

#include "engine/server/alarm.h"
#include "engine/server/job_body.h"
#include "engine/server/site.h"

namespace heddle::server {

/// Submits what was read and answers; refuses what has problems. Idempotency-Key, Accept and ?wait= are the request's.
void submit_job(const Request& request, JobBody body, Site& site, const std::shared_ptr<Alarm>& alarm, Respond respond);

/// What ?wait= asks for in seconds, 0 without it; or the answer to a wrong one.
struct Wait {
  int seconds = 0;
  std::optional<Response> refusal;
};
Wait wait_of(const Request& request);

}  // namespace heddle::server
