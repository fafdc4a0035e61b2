#include "engine/jobs/new_id.h"

#include <openssl/rand.h>

#include <cstdio>
#include <stdexcept>
#include <vector>

#include "engine/jobs/job_record.h"

namespace heddle {

std::string random_hex(size_t bytes) {
  std::vector<unsigned char> random(bytes);
  if (RAND_bytes(random.data(), int(random.size())) != 1) throw std::runtime_error("the system gives no random numbers");
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * bytes);
  for (const unsigned char byte : random) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

std::string new_id() {
  char time[13];
  std::snprintf(time, sizeof(time), "%012llx", static_cast<unsigned long long>(system_millis()) & 0xffff'ffff'ffffULL);
  std::string hex = time + random_hex(10);
  hex[12] = '7';
  hex[16] = "89ab"[(hex[16] <= '9' ? hex[16] - '0' : hex[16] - 'a' + 10) & 3];
  for (const size_t at : {8, 13, 18, 23}) hex.insert(at, 1, '-');
  return hex;
}

}  // namespace heddle
