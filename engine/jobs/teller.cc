#include "engine/jobs/teller.h"

namespace heddle {

struct HeldTelling {
  Telling telling;
  bool ready = false;
};

Teller::~Teller() { stop(); }

void Teller::start() {
  thread_ = std::thread([this] { run(); });
}

void Teller::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Teller::Place Teller::tell(Telling telling, bool hold) {
  auto place = std::make_shared<HeldTelling>(HeldTelling{std::move(telling), !hold});
  const std::lock_guard lock(mutex_);
  waiting_.push_back(place);
  if (place->ready && waiting_.size() == 1) changed_.notify_all();
  return place;
}

void Teller::release(const Place& place, int64_t number) {
  const std::lock_guard lock(mutex_);
  place->telling.event.number = number;
  place->ready = true;
}

void Teller::wake() {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty() || !waiting_.front()->ready) return;
  }
  changed_.notify_all();
}

void Teller::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto is_ready = [&] { return !waiting_.empty() && waiting_.front()->ready; };
    changed_.wait(lock, [&] { return stopping_ || is_ready(); });
    if (!is_ready()) return;
    const Place place = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    const Telling& telling = place->telling;
    if (telling.before) telling.before();
    for (JobListener* listener : listeners_) {
      if (telling.preview) {
        listener->on_preview(telling.event.job, telling.event.data["step"], telling.owner, *telling.preview, telling.gate);
      } else {
        listener->on_event(telling.event, telling.owner, telling.gate);
      }
    }
    lock.lock();
  }
}

}  // namespace heddle
