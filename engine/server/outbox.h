// What waits to be written to one client: filled by any thread, emptied by the one that writes. Bounded, so that a
// reader who does not read costs no more than the bound; it never makes the one who fills it wait.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace heddle::server {

struct Message {
  std::shared_ptr<const std::string> bytes;
  bool is_text = false;
};

class Outbox {
 public:
  explicit Outbox(size_t bound) : bound_(bound) {}

  enum class Put {
    kQueued,  // somebody is writing, and will come to it
    kWake,    // nobody is writing: start
    kFull,    // it would pass the bound; the outbox is closed now
    kClosed,
  };
  /// What is being written counts as waiting until the next take().
  Put put(Message message) {
    const std::lock_guard lock(mutex_);
    if (closed_) return Put::kClosed;
    if (bytes_ + message.bytes->size() > bound_) {
      closed_ = true;
      return Put::kFull;
    }
    bytes_ += message.bytes->size();
    waiting_.push_back(std::move(message));
    return writing_ ? Put::kQueued : (writing_ = true, Put::kWake);
  }

  /// The next message to write; nothing, and writing is over, when none waits.
  std::optional<Message> take() {
    const std::lock_guard lock(mutex_);
    bytes_ -= taken_;
    taken_ = 0;
    if (waiting_.empty()) {
      writing_ = false;
      return std::nullopt;
    }
    Message message = std::move(waiting_.front());
    waiting_.pop_front();
    taken_ = message.bytes->size();
    return message;
  }

  /// What waits is still to be written, and nothing more comes. True for the first call.
  bool close() {
    const std::lock_guard lock(mutex_);
    return !std::exchange(closed_, true);
  }
  bool has_waiting() const {
    const std::lock_guard lock(mutex_);
    return !waiting_.empty();
  }
  bool is_closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

 private:
  const size_t bound_;
  mutable std::mutex mutex_;
  std::deque<Message> waiting_;
  size_t bytes_ = 0, taken_ = 0;
  bool writing_ = false, closed_ = false;
};

}  // namespace heddle::server
