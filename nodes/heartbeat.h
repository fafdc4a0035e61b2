// A node's way to let long computations be cancelled.
#pragma once

#include "engine/run_context.h"
#include "nodes/diffusion/heartbeat.h"

namespace heddle {

inline diffusion::Heartbeat heartbeat_of(const RunContext& context) {
  return [&context] { context.check_cancelled(); };
}

}  // namespace heddle
