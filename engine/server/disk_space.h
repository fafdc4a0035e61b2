// Whether what a job will save may not fit: told before the job is accepted.
#pragma once

#include <string>

#include "engine/server/site.h"

namespace heddle::server {

/// In words, where the data or output folder has less than a GiB left; else "". Logs it, once a minute.
std::string space_warning(const Site& site);

}  // namespace heddle::server
