// One HTTP connection: reads requests, asks the guard, runs handlers and writes what they answer, one request after the
// other and never past a deadline. Becomes a WebSocket when asked to.
#pragma once

#include <memory>

#include "engine/server/server_core.h"

namespace heddle::server {

/// Takes over a connected socket, on the io thread.
void serve_connection(std::shared_ptr<ServerCore> core, int descriptor);
/// As above, but says no more than that there are too many connections.
void refuse_connection(std::shared_ptr<ServerCore> core, int descriptor);

}  // namespace heddle::server
