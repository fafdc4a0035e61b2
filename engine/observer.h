// What happens while a plan is carried out, for whoever wants to watch: the terminal, a server, a test.
#pragma once

#include <string>
#include <vector>

#include "engine/json.h"
#include "engine/saved_output.h"

namespace heddle {

struct Picture;
struct Plan;

/// Where an event comes from.
struct StepRef {
  int index = 0;      // in the graph
  std::string id;
  std::string node;   // type
};

/// Called from the thread that runs the step; calls never overlap.
class Observer {
 public:
  virtual ~Observer() = default;
  /// Before anything runs, and again should a cached result turn out to be gone.
  virtual void planned(const Plan&) {}
  virtual void step_started(const StepRef&) {}
  /// The result so far, just before the progress that it belongs to.
  virtual void step_preview(const StepRef&, const Picture&) {}
  virtual void step_progress(const StepRef&, int /*value*/, int /*total*/) {}
  virtual void step_cached(const StepRef&, bool /*from_disk*/) {}
  /// An output step whose files are all there from before: what it showed then.
  virtual void step_output_cached(const StepRef&, const SavedOutput&) {}
  /// What an output step has saved; step_finished() follows.
  virtual void step_saved(const StepRef&, const std::vector<SavedFileRecord>&) {}
  /// `ui` is what the step shows (saved pictures); `notes` are facts about its result;
  /// their `summary`, if there is one, holds lines of text for people.
  virtual void step_finished(const StepRef&, double /*seconds*/, const Json& /*ui*/, const Json& /*notes*/) {}
  virtual void step_failed(const StepRef&, const std::string& /*message*/) {}
  virtual void step_warning(const StepRef&, const std::string& /*message*/) {}
};

}  // namespace heddle
