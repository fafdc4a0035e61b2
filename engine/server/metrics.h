// What a server has done since it was started, for /metrics: jobs by their end, steps by node, what came from the
// cache.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "engine/jobs/job_service.h"

namespace heddle::server {

/// Counts under bounds that each include the ones before, as Prometheus has them.
class Histogram {
 public:
  static constexpr std::array<double, 14> kBounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                                  1,     2.5,  5,     10,   30,  120,  600};
  void add(double value);
  /// Lines NAME_bucket, NAME_sum and NAME_count; `labels` as `node="KSampler"`, or "".
  std::string text(const std::string& name, const std::string& labels) const;

 private:
  std::array<uint64_t, kBounds.size()> counts_{};
  uint64_t count_ = 0;
  double sum_ = 0;
};

/// `text` as the value of a label: quoted, with \, " and line breaks escaped.
std::string label_value(std::string_view text);

class Metrics final : public JobListener {
 public:
  void on_event(const JobEvent& event, const std::string& owner, const std::shared_ptr<Gate>& gate) override;
  /// In Prometheus' text format 0.0.4.
  std::string text() const;

 private:
  void count_step(const JobEvent& event);
  void count_cached(const JobEvent& event);

  struct Times {
    Millis queued = 0, started = 0;
  };
  void count_job(const JobEvent& event);

  mutable std::mutex mutex_;
  std::map<std::string, uint64_t> accepted_and_over_;  // by type of event
  std::map<std::string, Times> times_;                 // of jobs that are not over
  std::map<std::string, uint64_t> cached_;             // steps, by tier
  uint64_t ran_ = 0;
  std::map<std::string, Histogram> steps_;  // by node
  Histogram waits_, runs_;
};

}  // namespace heddle::server
