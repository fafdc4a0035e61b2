// Server-sent events. Every subscriber is a place in the numbered events of the store and moves along them, so what was
// missed and what happens now come without a gap or a duplicate, also across a restart. Progress has no number: it is
// told to those who are up to date, and a newcomer is told where a running job stands. One thread of its own does it
// all.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/jobs/job_service.h"
#include "engine/jobs/job_store.h"
#include "engine/server/http.h"

namespace heddle::server {

/// Where a running job stands.
struct JobProgress {
  std::string step, node;
  int64_t value = 0, total = 0;  // of the step; 0: it has not said yet
};

class EventFeed final : public JobListener {
 public:
  explicit EventFeed(JobStore& store, std::chrono::milliseconds heartbeat = std::chrono::seconds(15));
  ~EventFeed() override;

  /// Closes all streams: the server is about to end. What comes after is told to nobody.
  void stop();

  /// Kept events after that number, and then all that comes; of one job, or with "" of all. The stream of one job is
  /// closed after its final event.
  void subscribe(std::shared_ptr<Stream> stream, std::string job, int64_t after);
  std::optional<JobProgress> progress(const std::string& job) const;

  /// Kept events are taken from the store once they have a number there; their gate guards nothing that a replay would
  /// not show.
  void on_event(const JobEvent& event, const std::string& owner, const std::shared_ptr<Gate>& gate) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// "id: 7\nevent: started\ndata: {...}\n\n"; without the first line where the event has no number.
std::string event_text(const JobEvent& event);
/// {"number", "job", "type", "time"} and the event's own data.
Json event_json(const JobEvent& event);

}  // namespace heddle::server
