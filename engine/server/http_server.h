// Moves the bytes of HTTP and WebSocket (RFC 9112, RFC 6455) between sockets and handlers, within bounds: size of
// headers and bodies, time for a request, connections, what may wait for a slow reader. Asks the guard first.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/server/guard.h"
#include "engine/server/http.h"

namespace heddle::server {

/// A WebSocket that is open. Methods may be called from any thread; messages keep their order.
class Socket {
 public:
  virtual ~Socket() = default;
  /// False once it is closed, or if the backlog passed its bound: then it has been dropped.
  virtual bool send_text(std::shared_ptr<const std::string> message) = 0;
  virtual bool send_binary(std::shared_ptr<const std::string> message) = 0;
  virtual void close() = 0;
};

/// What happens on a socket; calls for one socket never overlap.
class SocketListener {
 public:
  virtual ~SocketListener() = default;
  virtual void on_open(std::shared_ptr<Socket> socket) = 0;
  virtual void on_text(std::string_view message) = 0;  // binary messages are ignored
  virtual void on_closed() = 0;
};
/// Makes the listener of a new socket; `request` is the upgrade request.
using SocketRoute = std::function<std::shared_ptr<SocketListener>(const Request& request)>;

struct ServerLimits {
  size_t header_bytes = 16 << 10;
  size_t target_bytes = 8 << 10;
  uint64_t body_bytes = uint64_t{100} << 20;         // of one request
  uint64_t all_body_bytes = uint64_t{1} << 30;       // of all requests being read or handled together: 503 beyond
  int connections = 1024;                            // more are answered 503 and closed
  std::chrono::milliseconds request_time{120'000};   // from the first byte of a request to its last; of a stalled write
  std::chrono::milliseconds idle_time{75'000};       // of a kept-alive connection
  std::chrono::milliseconds socket_idle_time{30'000};  // of a WebSocket, until a ping; and from that to the end
  size_t socket_message_bytes = 4 << 20;             // incoming
  size_t backlog_bytes = 64 << 20;                   // outgoing, of one socket or stream
  int handler_threads = 8;
};

struct ServerSettings {
  std::string address = "127.0.0.1";
  int port = 8188;  // 0: any free one
  bool gzip = false;  // compress JSON and text for clients that take it: for those who are far away
  ServerLimits limits;
};

class HttpServer {
 public:
  /// `routes` and `guard` outlive the server. `socket_paths`: where a WebSocket may be opened ("/ws", "/api/ws").
  /// `fallback` answers paths that no route knows; null: 404.
  HttpServer(ServerSettings settings, const Routes& routes, const Guard& guard, std::vector<std::string> socket_paths,
             SocketRoute sockets, Handler fallback = nullptr);
  ~HttpServer();

  /// Binds, listens and serves on threads of its own. Throws std::runtime_error in words (port in use, no permission).
  void start();
  int port() const;
  /// Takes no new connections, lets requests in progress be answered for up to `grace`, and closes. Idempotent. Not to be
  /// called by a handler or a listener: it waits for them.
  void stop(std::chrono::milliseconds grace);

  struct Counts {
    uint64_t requests = 0, refused = 0, bytes_in = 0, bytes_out = 0;
    int connections = 0, sockets = 0;
  };
  Counts counts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace heddle::server
