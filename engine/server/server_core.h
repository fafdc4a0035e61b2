// What the connections of one server share: settings, counts, the thread that moves bytes (io) and the threads that
// run handlers (pool). Lives as long as anybody may still answer, which may be longer than the server.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/server/http_server.h"

namespace boost::asio {
class io_context;
class thread_pool;
}  // namespace boost::asio

namespace heddle::server {

using SteadyTime = std::chrono::steady_clock::time_point;

/// A connection or a WebSocket, as the server sees it. Its methods are called on the io thread.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual void tick(SteadyTime now) = 0;  // a few times a second, to see whether a deadline has passed
  virtual void finish() = 0;              // ends as soon as what is in progress is done
  virtual void drop() = 0;                // ends now
};

struct ServerParts {
  ServerSettings settings;
  const Routes& routes;
  const Guard& guard;
  std::vector<std::string> socket_paths;
  SocketRoute sockets;
  Handler fallback;
};

class ServerCore : public std::enable_shared_from_this<ServerCore> {
 public:
  explicit ServerCore(ServerParts parts);
  ~ServerCore();

  const ServerParts parts;
  const ServerLimits& limits() const { return parts.settings.limits; }
  bool is_socket_path(const std::string& path) const;

  boost::asio::io_context& io();
  boost::asio::thread_pool& pool();
  /// Runs `call` on the io thread. False once the server has ended: then it is dropped, and what it owns with it.
  bool on_io(std::function<void()> call);
  /// Runs `call` on a thread of the pool; here and now once the server has ended.
  void on_pool(std::function<void()> call);

  /// Runs the io thread until end().
  void start();
  /// Instead of start(), for tests: does on this thread what can be done now. How much that was.
  size_t poll();
  /// REQUIRES: no peers. Waits for the handlers, then for the io thread.
  void end();

  // Of the io thread.
  std::unordered_set<Peer*> peers;
  bool is_stopping = false;
  void add(Peer* peer);
  void remove(Peer* peer);

  struct {
    std::atomic<uint64_t> requests = 0, refused = 0, bytes_in = 0, bytes_out = 0;
    std::atomic<int> peers = 0, sockets = 0;
  } counts;
  std::atomic<uint64_t> body_bytes = 0;  // of requests being read or handled

 private:
  struct Threads;
  std::unique_ptr<Threads> threads_;
};

}  // namespace heddle::server
