// Something costly, made on first use and shared from then on.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "nodes/diffusion/heartbeat.h"

namespace heddle {

template <class T>
class Lazy {
 public:
  using Make = std::function<std::shared_ptr<const T>(const diffusion::Heartbeat&)>;
  explicit Lazy(Make make) : make_(std::move(make)) {}

  /// Making may throw (the heartbeat too); the next call tries again. Thread-safe.
  std::shared_ptr<const T> get(const diffusion::Heartbeat& heartbeat) const {
    const std::lock_guard lock(mutex_);
    if (!made_) made_ = make_(heartbeat);
    return made_;
  }

 private:
  Make make_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const T> made_;
};

}  // namespace heddle
