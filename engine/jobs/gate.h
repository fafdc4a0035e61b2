// Holds back what must not be told yet: the events of a job until its acceptance has been answered, its end until that is
// on disk. Opens once, at a time that may lie ahead.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

namespace heddle {

class Gate {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Passable from `at` on. Only the first call counts.
  void open(Time at = std::chrono::steady_clock::now()) {
    std::vector<std::function<void()>> waiting;
    {
      const std::lock_guard lock(mutex_);
      if (opens_at_) return;
      opens_at_ = at;
      waiting.swap(waiting_);
    }
    for (const auto& call : waiting) call();
  }
  /// When it may be passed, or nothing while that is not known.
  std::optional<Time> opens_at() const {
    const std::lock_guard lock(mutex_);
    return opens_at_;
  }
  /// Calls once it is known when it opens; at once if it is.
  void when_known(std::function<void()> call) {
    {
      const std::lock_guard lock(mutex_);
      if (!opens_at_) return void(waiting_.push_back(std::move(call)));
    }
    call();
  }

 private:
  mutable std::mutex mutex_;
  std::optional<Time> opens_at_;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace heddle
