#include "engine/server/settings_file.h"

#include <spdlog/spdlog.h>

#include "engine/atomic_file.h"

namespace heddle::server {
namespace fs = std::filesystem;

Json SettingsFile::read() {
  const std::lock_guard lock(mutex_);
  return read_locked();
}

void SettingsFile::change(const std::function<void(Json& settings)>& change) {
  const std::lock_guard lock(mutex_);
  Json settings = read_locked();
  change(settings);
  fs::create_directories(file_.parent_path());
  write_file_atomically(file_, settings.dump(4));
}

Json SettingsFile::read_locked() {
  if (!fs::exists(file_)) return Json::object();
  const std::string text = read_file(file_);
  try {
    Json settings = parse_json(text);
    if (settings.is_object()) return settings;
    put_aside("it holds no JSON object");
  } catch (const JsonError& error) {
    put_aside(error.what());
  }
  return Json::object();
}

// The next change would write over what may be most of somebody's settings.
void SettingsFile::put_aside(const std::string& why) {
  const fs::path aside = file_.string() + ".damaged-" + std::to_string(clock_());
  fs::rename(file_, aside);
  spdlog::warn("the settings in {} cannot be read: {}; they start anew, and the file is kept as {}", file_.string(),
               why, aside.string());
}

}  // namespace heddle::server
