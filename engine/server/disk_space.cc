#include "engine/server/disk_space.h"

#include <spdlog/spdlog.h>

#include <atomic>
#include <system_error>

namespace heddle::server {
namespace {

constexpr uintmax_t kLittle = uintmax_t{1} << 30;
constexpr Millis kMinute = 60'000;

std::string warning_of(const std::filesystem::path& folder) {
  std::error_code error;
  const auto space = std::filesystem::space(folder, error);
  if (error || space.available >= kLittle) return "";
  return "the disk of " + folder.string() + " is nearly full: " + std::to_string(space.available >> 20) +
         " MiB are left, and what this job saves may not fit; make room there, or see --output-bytes and --output-days";
}

void log_seldom(const std::string& warning, Millis now) {
  static std::atomic<Millis> next{0};
  Millis due = next.load();
  if (now >= due && next.compare_exchange_strong(due, now + kMinute)) spdlog::warn("{}", warning);
}

}  // namespace

std::string space_warning(const Site& site) {
  for (const std::filesystem::path& folder : {site.data, site.folders.output}) {
    const std::string warning = warning_of(folder);
    if (warning.empty()) continue;
    log_seldom(warning, site.clock());
    return warning;
  }
  return "";
}

}  // namespace heddle::server
