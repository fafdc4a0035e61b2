// Calls at a time: what answers a request that has waited long enough. One thread of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace heddle::server {

class Alarm {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Alarm();
  ~Alarm();  // drops what is still to be called

  /// The number cancels it.
  int64_t set(Time at, std::function<void()> call);
  void cancel(int64_t number);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::pair<Time, int64_t>, std::function<void()>> calls_;
  std::map<int64_t, Time> times_;
  int64_t last_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace heddle::server
