// Names for jobs: UUIDs that begin with the time (RFC 9562, version 7), so that those of one hour lie together in an index.
#pragma once

#include <string>

namespace heddle {

std::string new_id();  // "01934ac2-58cc-7372-a567-0e02b2c3d479"
std::string random_hex(size_t bytes);

}  // namespace heddle
