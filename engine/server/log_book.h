// The last lines of the log in memory, for clients that show them, and who wants to hear of new ones. All methods are
// thread-safe. A LogTap fills it from spdlog's default logger.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/jobs/job_record.h"

namespace spdlog {
class formatter;
class logger;
}  // namespace spdlog

namespace heddle::server {

struct LogLine {
  Millis time = 0;
  std::string text;  // without a line break; UTF-8
};

/// {"t": time in ISO 8601, "m": text and line break}: an entry of ComfyUI's /internal/logs/raw and `logs` messages.
Json log_entry(const LogLine& line);

/// The size of the terminal that the server runs in, {"cols", "rows"}, as clients lay out the lines; 80 by 24 without
/// one.
Json log_size();

class LogBook {
 public:
  /// Hears of a line, and which clients asked for lines; called by the thread that logs, and not for what it logs
  /// itself meanwhile. Must be quick.
  using Listener = std::function<void(const LogLine& line, const std::vector<std::string>& clients)>;

  explicit LogBook(size_t max_lines = 1000, size_t max_bytes = size_t{1} << 20);

  /// Bytes that are not UTF-8 are read as Latin-1; a very long line is cut.
  void add(Millis time, std::string_view text);
  std::vector<LogLine> lines() const;  // oldest first

  /// `client`: the clientId of a WebSocket. At most a thousand are kept: the one that asked first is forgotten then.
  void subscribe(const std::string& client);
  void unsubscribe(const std::string& client);
  void set_listener(Listener listener);

 private:
  const size_t max_lines_, max_bytes_;
  mutable std::mutex mutex_;
  std::deque<LogLine> lines_;
  size_t bytes_ = 0;
  std::vector<std::string> clients_;
  std::shared_ptr<const Listener> listener_;
};

/// While it lives, what goes to spdlog's default logger is in a book too, from level info on, whatever the level of the
/// log itself. To be made and destroyed while no other thread logs.
class LogTap {
 public:
  /// `formatter`: how lines read; null: "warning: text".
  explicit LogTap(std::shared_ptr<LogBook> book, std::shared_ptr<const spdlog::formatter> formatter = nullptr);
  ~LogTap();
  LogTap(const LogTap&) = delete;
  LogTap& operator=(const LogTap&) = delete;

 private:
  std::shared_ptr<spdlog::logger> before_;
  std::vector<int> levels_;  // of its sinks
};

}  // namespace heddle::server
