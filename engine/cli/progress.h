// Watches a run for a person: bars on a terminal, one line a step started and finished elsewhere.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/cli/terminal.h"
#include "engine/observer.h"

namespace heddle::cli {

class ProgressObserver final : public Observer {
 public:
  /// `clock` gives seconds.
  ProgressObserver(Terminal& terminal, std::function<double()> clock);

  void step_started(const StepRef& step) override;
  void step_progress(const StepRef& step, int value, int total) override;
  void step_cached(const StepRef& step, bool from_disk) override;
  void step_finished(const StepRef& step, double seconds, const Json& ui,
                     const Json& notes) override;
  void step_failed(const StepRef& step, const std::string& message) override;
  void step_warning(const StepRef& step, const std::string& message) override;
  /// Takes away the bars of steps that were cancelled.
  void clear();

 private:
  struct Running {
    int index = 0;
    Progress progress;
    double since = 0;  // when the progress was `first`
  };
  void remove(const StepRef& step);
  void draw();

  Terminal& terminal_;
  std::function<double()> clock_;
  std::vector<Running> running_;
  double drawn_ = -1;
};

/// Seconds since some moment, never going back.
double steady_seconds();

/// `3 (KSampler)`, fit for a terminal.
std::string step_text(const StepRef& step);

/// "1.2 s".
std::string seconds_text(double seconds);

}  // namespace heddle::cli
