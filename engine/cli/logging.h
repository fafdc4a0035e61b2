// The log: spdlog set up as the flags say. Every line that is written while a step runs, by
// whichever part of the program, carries job and step. What people write in prompts is not in it,
// unless they ask for debug.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/check.h"
#include "engine/cli/options.h"
#include "engine/cli/terminal.h"
#include "engine/observer.h"

namespace spdlog {
class formatter;
class logger;
}

namespace heddle::cli {

/// Directs spdlog's default logger while it lives: to a rotated file, or to the terminal.
class Logging {
 public:
  /// Throws UsageError for a level that is none, or a file that cannot be written.
  Logging(const CommonOptions& options, Terminal& terminal);
  ~Logging();
  Logging(const Logging&) = delete;
  Logging& operator=(const Logging&) = delete;

 private:
  std::shared_ptr<spdlog::logger> before_;
};

/// Lines as on the terminal, with job and step: for further places that show the log.
std::shared_ptr<const spdlog::formatter> log_line_formatter();

/// Logs what happens in a job.
class LogObserver final : public Observer {
 public:
  /// The texts that sockets of `checked` hold are kept out of messages.
  LogObserver(const std::string& job, const CheckedGraph& checked);
  ~LogObserver() override;

  void step_started(const StepRef& step) override;
  void step_cached(const StepRef& step, bool from_disk) override;
  void step_finished(const StepRef& step, double seconds, const Json& ui,
                     const Json& notes) override;
  void step_failed(const StepRef& step, const std::string& message) override;
  void step_warning(const StepRef& step, const std::string& message) override;

 private:
  std::string without_texts(std::string message) const;

  std::string job_;
  std::vector<std::string> texts_;
};

}  // namespace heddle::cli
