#include "engine/server/system_memory.h"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace heddle::server {

SystemMemory system_memory() {
  SystemMemory memory;
  std::ifstream lines("/proc/meminfo");
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);  // "MemAvailable:   12345 kB"
    std::string name;
    uint64_t kilobytes = 0;
    words >> name >> kilobytes;
    if (name == "MemTotal:") memory.total = kilobytes << 10;
    if (name == "MemAvailable:") memory.free = kilobytes << 10;
  }
  if (memory.total > 0) return memory;
  // Without /proc, as in some containers.
  const auto page = uint64_t(::sysconf(_SC_PAGESIZE));
  return {page * uint64_t(::sysconf(_SC_PHYS_PAGES)), page * uint64_t(::sysconf(_SC_AVPHYS_PAGES))};
}

}  // namespace heddle::server
