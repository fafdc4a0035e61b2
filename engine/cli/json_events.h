// What happens, as one JSON object a line on standard output. docs/command-line.md says what is in
// them.
#pragma once

#include <ostream>
#include <string>

#include "engine/observer.h"
#include "engine/problem.h"

namespace heddle::cli {

/// Writes one line and flushes it. Bytes that are no UTF-8 are replaced.
void write_json_line(std::ostream& out, const Json& json);

/// {"event": "problem" or "warning", "step", "node", "socket", "kind", "message"}
Json problem_event(const Problem& problem, const char* event);

class JsonObserver final : public Observer {
 public:
  /// `job` counts the combinations of a run from 1.
  JsonObserver(std::ostream& out, int job) : out_(out), job_(job) {}

  void step_started(const StepRef& step) override;
  void step_progress(const StepRef& step, int value, int total) override;
  void step_preview(const StepRef& step, const Picture& picture) override;
  void step_cached(const StepRef& step, bool from_disk) override;
  void step_finished(const StepRef& step, double seconds, const Json& ui,
                     const Json& notes) override;
  void step_failed(const StepRef& step, const std::string& message) override;
  void step_warning(const StepRef& step, const std::string& message) override;

 private:
  void write(const char* event, const StepRef& step, const Json& more = Json::object());

  std::ostream& out_;
  int job_;
};

}  // namespace heddle::cli
