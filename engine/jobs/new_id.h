// Names for jobs: random UUIDs (RFC 9562, version 4).
#pragma once

#include <string>

namespace heddle {

std::string new_id();  // "f47ac10b-58cc-4372-a567-0e02b2c3d479"
std::string random_hex(size_t bytes);

}  // namespace heddle
