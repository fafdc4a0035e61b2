// Ctrl-C, and what a supervisor sends to end a process.
#pragma once

#include <csignal>

#include "engine/run_context.h"

namespace heddle::cli {

/// While it lives, the first SIGINT or SIGTERM requests `flag` and says so, a second one after a
/// moment ends the process with 130. Only one of these at a time.
class CancelOnSignals {
 public:
  explicit CancelOnSignals(CancelFlag& flag);
  ~CancelOnSignals();
  CancelOnSignals(const CancelOnSignals&) = delete;
  CancelOnSignals& operator=(const CancelOnSignals&) = delete;

 private:
  struct sigaction interrupt_before_, terminate_before_;
};

}  // namespace heddle::cli
