// The memory of the machine.
#pragma once

#include <cstdint>

namespace heddle::server {

struct SystemMemory {
  uint64_t total = 0, free = 0;  // bytes; free: what programs could still get without swapping
};

SystemMemory system_memory();

}  // namespace heddle::server
