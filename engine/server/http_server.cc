#include "engine/server/http_server.h"

#include <spdlog/spdlog.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "engine/server/connection.h"
#include "engine/server/server_core.h"

namespace heddle::server {
namespace {
namespace net = boost::asio;
using boost::system::error_code;
using Tcp = net::ip::tcp;
using Clock = std::chrono::steady_clock;

constexpr auto kTick = std::chrono::milliseconds(100);
constexpr auto kDropTime = std::chrono::seconds(5);
// Connections beyond the bound that are told so; those beyond these are just closed.
constexpr size_t kToldOff = 64;

// "[::1]" and "localhost" are written where an address is meant.
std::string plain_address(std::string address) {
  if (address == "localhost") return "127.0.0.1";
  if (address.starts_with('[') && address.ends_with(']')) return address.substr(1, address.size() - 2);
  return address;
}

std::string why(const error_code& error, int port) {
  if (error == net::error::address_in_use) {
    return "the port is in use, perhaps by another heddle or a ComfyUI; stop that or choose another port";
  }
  if (error == net::error::access_denied) {
    return "no permission" + std::string(port < 1024 ? "; ports below 1024 are the system's, choose a higher one" : "");
  }
  if (error == boost::system::errc::address_not_available) {
    return "this machine does not have that address";
  }
  return error.message();
}

}  // namespace

struct HttpServer::Impl {
  explicit Impl(ServerParts parts)
      : core(std::make_shared<ServerCore>(std::move(parts))), acceptor(core->io()), pause(core->io()), ticker(core->io()) {}

  void listen();
  void accept();
  void on_accept(const error_code& error, Tcp::socket socket);
  void tick();
  void stop(std::chrono::milliseconds grace);
  void ask_to_finish();
  bool wait_until_empty(std::chrono::milliseconds time);

  std::shared_ptr<ServerCore> core;
  Tcp::acceptor acceptor;
  net::steady_timer pause, ticker;
  int port = 0;
  std::mutex mutex;  // of stop: it may be called twice at once
  bool is_running = false;
};

void HttpServer::Impl::listen() {
  const ServerSettings& settings = core->parts.settings;
  const std::string where = settings.address + ":" + std::to_string(settings.port);
  error_code error;
  const net::ip::address address = net::ip::make_address(plain_address(settings.address), error);
  if (error) throw std::runtime_error("cannot listen on " + where + ": \"" + settings.address + "\" is no IP address");
  if (settings.port < 0 || settings.port > 65535) {
    throw std::runtime_error("cannot listen on " + where + ": ports go from 0 to 65535");
  }
  const Tcp::endpoint endpoint(address, static_cast<unsigned short>(settings.port));
  acceptor.open(endpoint.protocol(), error);
  // For a restart while old connections time out. Never SO_REUSEPORT: two servers would share the port in silence.
  if (!error) acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
  if (error) throw std::runtime_error("cannot listen on " + where + ": " + why(error, settings.port));
  port = acceptor.local_endpoint().port();
}

void HttpServer::Impl::accept() {
  acceptor.async_accept([this](const error_code& error, Tcp::socket socket) { on_accept(error, std::move(socket)); });
}

void HttpServer::Impl::on_accept(const error_code& error, Tcp::socket socket) {
  if (core->is_stopping) return;
  if (error) {  // out of descriptors, as a rule: those who are connected will free some
    spdlog::warn("a connection was not accepted: {}", error.message());
    pause.expires_after(kTick);
    pause.async_wait([this](const error_code& stopped) {
      if (!stopped) accept();
    });
    return;
  }
  accept();
  error_code failed;
  const size_t bound = static_cast<size_t>(core->limits().connections), count = core->peers.size();
  if (count >= bound) ++core->counts.refused;
  if (count >= bound + kToldOff) return;  // closes it
  const int descriptor = socket.release(failed);
  if (failed) return;
  count < bound ? serve_connection(core, descriptor) : refuse_connection(core, descriptor);
}

void HttpServer::Impl::tick() {
  const SteadyTime now = Clock::now();
  const std::vector<Peer*> peers(core->peers.begin(), core->peers.end());
  for (Peer* peer : peers) {
    if (core->peers.count(peer)) peer->tick(now);
  }
  ticker.expires_after(kTick);
  ticker.async_wait([this](const error_code& stopped) {
    if (!stopped) tick();
  });
}

void HttpServer::Impl::ask_to_finish() {
  core->is_stopping = true;
  error_code ignored;
  acceptor.close(ignored);
  pause.cancel();
  const std::vector<Peer*> peers(core->peers.begin(), core->peers.end());
  for (Peer* peer : peers) {
    if (core->peers.count(peer)) peer->finish();
  }
}

bool HttpServer::Impl::wait_until_empty(std::chrono::milliseconds time) {
  const auto end = Clock::now() + time;
  while (core->counts.peers > 0 && Clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return core->counts.peers == 0;
}

void HttpServer::Impl::stop(std::chrono::milliseconds grace) {
  const std::lock_guard lock(mutex);
  if (!is_running) return;
  is_running = false;
  std::promise<void> asked;
  core->on_io([&] {
    ask_to_finish();
    asked.set_value();
  });
  asked.get_future().wait();
  if (!wait_until_empty(grace)) {
    core->on_io([this] {
      const std::vector<Peer*> peers(core->peers.begin(), core->peers.end());
      for (Peer* peer : peers) peer->drop();
    });
    wait_until_empty(kDropTime);
  }
  core->on_io([this] { ticker.cancel(); });
  core->end();
}

HttpServer::HttpServer(ServerSettings settings, const Routes& routes, const Guard& guard,
                       std::vector<std::string> socket_paths, SocketRoute sockets, Handler fallback)
    : impl_(std::make_unique<Impl>(ServerParts{std::move(settings), routes, guard, std::move(socket_paths),
                                               std::move(sockets), std::move(fallback)})) {}

HttpServer::~HttpServer() { stop(std::chrono::milliseconds(0)); }

void HttpServer::start() {
  impl_->listen();
  impl_->is_running = true;
  impl_->accept();
  impl_->tick();
  impl_->core->start();
}

int HttpServer::port() const { return impl_->port; }

void HttpServer::stop(std::chrono::milliseconds grace) { impl_->stop(grace); }

HttpServer::Counts HttpServer::counts() const {
  const auto& counts = impl_->core->counts;
  return {counts.requests, counts.refused, counts.bytes_in, counts.bytes_out, counts.peers - counts.sockets,
          counts.sockets};
}

}  // namespace heddle::server
