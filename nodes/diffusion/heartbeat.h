// How a long computation lets itself be stopped.
#pragma once

#include <functional>

namespace heddle::diffusion {

/// Called between the blocks of a network and other short pieces of work; throws to stop the
/// computation. Results are dropped then and nothing is left half-changed.
using Heartbeat = std::function<void()>;

inline void beat(const Heartbeat& heartbeat) {
  if (heartbeat) heartbeat();
}

}  // namespace heddle::diffusion
