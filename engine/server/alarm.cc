#include "engine/server/alarm.h"

namespace heddle::server {

Alarm::Alarm() : thread_([this] { run(); }) {}

Alarm::~Alarm() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

int64_t Alarm::set(Time at, std::function<void()> call) {
  const std::lock_guard lock(mutex_);
  const int64_t number = ++last_;
  calls_.emplace(std::pair(at, number), std::move(call));
  times_.emplace(number, at);
  if (calls_.begin()->first.second == number) changed_.notify_all();
  return number;
}

void Alarm::cancel(int64_t number) {
  std::function<void()> dropped;  // what it holds is let go outside of the lock
  const std::lock_guard lock(mutex_);
  const auto time = times_.find(number);
  if (time == times_.end()) return;
  const auto call = calls_.find({time->second, number});
  dropped = std::move(call->second);
  calls_.erase(call);
  times_.erase(time);
}

void Alarm::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (calls_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto first = calls_.begin();
    if (std::chrono::steady_clock::now() < first->first.first) {
      changed_.wait_until(lock, Time(first->first.first));
      continue;
    }
    std::function<void()> call = std::move(first->second);
    times_.erase(first->first.second);
    calls_.erase(first);
    lock.unlock();
    call();
    call = nullptr;
    lock.lock();
  }
}

}  // namespace heddle::server
