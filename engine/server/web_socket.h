// A WebSocket (RFC 6455): messages in to its listener, messages out from an outbox that is bounded.
#pragma once

#include <memory>
#include <optional>

#include "engine/server/server_core.h"

namespace heddle::server {

/// The answer to a request on a socket path that opens no WebSocket: 405, 426 or 400, in words. Nothing if it does.
std::optional<Response> refuse_handshake(const Request& request, bool is_http11);

/// Takes over a connected socket whose request passed the guard and refuse_handshake, on the io thread. `headers` go
/// with the answer.
void serve_web_socket(std::shared_ptr<ServerCore> core, int descriptor, Request request, Fields headers);

}  // namespace heddle::server
