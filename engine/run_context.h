// What a running node may know and say: where files are, which job it serves, progress, warnings, and whether to stop.
#pragma once

#include <atomic>
#include <cstdint>
#include <ctime>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/json.h"
#include "engine/saved_output.h"

namespace heddle {

struct Folders;
struct Picture;

/// Thrown to leave a step whose job was cancelled. Not a failure: it passes through unwrapped.
struct Cancelled : std::exception {
  const char* what() const noexcept override { return "cancelled"; }
};

/// Set from anywhere (a signal handler too), read by the running step.
class CancelFlag {
 public:
  void request() { requested_.store(true, std::memory_order_relaxed); }
  bool requested() const { return requested_.load(std::memory_order_relaxed); }
  void check() const {
    if (requested()) throw Cancelled();
  }

 private:
  std::atomic<bool> requested_{false};
};

/// What a saved file tells about its origin.
struct Origin {
  bool metadata = true;  // off: nothing of the below goes into a file
  Json prompt;           // the graph in API format as it runs
  Json workflow;         // the editor's document it came from, or null
  Json texts = nullptr;  // {keyword: JSON}: what else the client wants to stand in the file, or null
  Json record;           // heddle's own: version, numerics, hashes of the files used
  std::time_t now = 0;   // for %year% and kin in file names
};

class RunContext {
 public:
  const Folders* folders = nullptr;
  const Origin* origin = nullptr;
  const CancelFlag* cancel = nullptr;
  std::function<void(int value, int total, const Picture* preview)> on_progress;
  std::function<void(const std::string&)> on_warning;
  /// Where set, told of each file that the step saves, before it gets its name. What it throws prevents that.
  std::function<void(const SavedFileRecord&)> on_saving;
  /// The files that the step has saved, where on_saving is set.
  std::vector<SavedFileRecord> saved;

  /// What the step shows, as ComfyUI's `ui` output: {"images": [{"filename", "subfolder", "type"}]}.
  Json ui = Json::object();
  /// Facts worth keeping with the result, e.g. how many keys of a LoRA matched.
  Json notes = Json::object();

  void progress(int value, int total, const Picture* preview = nullptr) const {
    if (on_progress) on_progress(value, total, preview);
  }
  void warn(const std::string& message) const {
    if (on_warning) on_warning(message);
  }
  /// Throws Cancelled if the job was cancelled. Cheap; call it between pieces of work.
  void check_cancelled() const {
    if (cancel) cancel->check();
  }
};

}  // namespace heddle
