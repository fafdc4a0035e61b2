#include "engine/server/server_core.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <mutex>
#include <thread>

namespace heddle::server {
namespace net = boost::asio;

struct ServerCore::Threads {
  explicit Threads(int handlers) : pool(static_cast<size_t>(std::max(handlers, 1))) {}

  net::io_context io{1};
  net::executor_work_guard<net::io_context::executor_type> keeps_running{io.get_executor()};
  net::thread_pool pool;
  std::thread io_thread;
  std::mutex mutex;  // of what follows: nothing may be posted to what will never run again, it would keep itself alive
  bool pool_has_ended = false, io_has_ended = false;
};

ServerCore::ServerCore(ServerParts parts_given)
    : parts(std::move(parts_given)), threads_(std::make_unique<Threads>(limits().handler_threads)) {}
ServerCore::~ServerCore() = default;

bool ServerCore::is_socket_path(const std::string& path) const {
  return std::find(parts.socket_paths.begin(), parts.socket_paths.end(), path) != parts.socket_paths.end();
}

net::io_context& ServerCore::io() { return threads_->io; }
net::thread_pool& ServerCore::pool() { return threads_->pool; }

bool ServerCore::on_io(std::function<void()> call) {
  const std::lock_guard lock(threads_->mutex);
  if (threads_->io_has_ended) return false;
  net::post(threads_->io, std::move(call));
  return true;
}

void ServerCore::on_pool(std::function<void()> call) {
  {
    const std::lock_guard lock(threads_->mutex);
    if (!threads_->pool_has_ended) return net::post(threads_->pool, std::move(call));
  }
  call();
}

size_t ServerCore::poll() { return threads_->io.poll(); }

void ServerCore::start() {
  threads_->io_thread = std::thread([this] { threads_->io.run(); });
}

void ServerCore::end() {
  const auto set = [this](bool& flag) {
    const std::lock_guard lock(threads_->mutex);
    flag = true;
  };
  set(threads_->pool_has_ended);
  threads_->pool.join();
  set(threads_->io_has_ended);
  threads_->keeps_running.reset();
  if (threads_->io_thread.joinable()) threads_->io_thread.join();
}

void ServerCore::add(Peer* peer) {
  peers.insert(peer);
  counts.peers = static_cast<int>(peers.size());
}

void ServerCore::remove(Peer* peer) {
  peers.erase(peer);
  counts.peers = static_cast<int>(peers.size());
}

}  // namespace heddle::server
