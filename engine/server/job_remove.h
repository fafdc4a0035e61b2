// Removing a finished job with what it has made.
#pragma once

#include <string>

#include "engine/server/site.h"

namespace heddle::server {

/// Removes the record and its output files, and answers. A file that another job lists too, since it was served from
/// there, stays, as does one that has been replaced by another since. REQUIRES: the job is over.
void remove_job(const std::string& job, Site& site, const Respond& respond);

}  // namespace heddle::server
