// Tells listeners what happened in jobs, in one order for all: an event that is kept is told once it is on disk, and what
// comes after it waits for it. One thread tells.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/image_file.h"
#include "engine/jobs/gate.h"
#include "engine/jobs/job_record.h"

namespace heddle {

/// Hears of everything that happens, in order, on the teller's thread. An event whose gate is shut concerns a job whose
/// acceptance has not been answered yet: tell nobody outside before it is open. Must be quick.
class JobListener {
 public:
  virtual ~JobListener() = default;
  /// `owner`: client_id of the job, or "". Kept events have their number, passing ones 0.
  virtual void on_event(const JobEvent& event, const std::string& owner, const std::shared_ptr<Gate>& gate) = 0;
  /// Comes right before the "progress" that it belongs to.
  virtual void on_preview(const std::string& /*job*/, const std::string& /*step*/, const std::string& /*owner*/,
                          const Picture& /*picture*/, const std::shared_ptr<Gate>& /*gate*/) {}
};

struct Telling {
  JobEvent event;
  std::string owner;
  std::shared_ptr<Gate> gate;
  std::shared_ptr<const Picture> preview;  // then `event` only says which job and step
  std::function<void()> before;            // called before anyone is told
};

class Teller {
 public:
  Teller() = default;
  ~Teller();

  void add_listener(JobListener& listener) { listeners_.push_back(&listener); }  // before start()
  void start();
  /// Tells what is ready, and ends.
  void stop();

  /// In the order of the calls. `hold` keeps it, and all after it, back until release() is called with what it gives, and
  /// wake() after that: one wake for the many that a commit releases.
  using Place = std::shared_ptr<struct HeldTelling>;
  Place tell(Telling telling, bool hold = false);
  void release(const Place& place, int64_t number);
  void wake();

 private:
  void run();

  std::vector<JobListener*> listeners_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Place> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace heddle
