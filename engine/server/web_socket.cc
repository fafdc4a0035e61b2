// Beast of Boost 1.74 asserts that a read given up is given up as "aborted", and does so by its own time-outs too.
#define BOOST_DISABLE_ASSERTS
#include "engine/server/web_socket.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "engine/server/outbox.h"

namespace heddle::server {
namespace {
namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using Tcp = net::ip::tcp;
using TcpSocket = net::basic_stream_socket<Tcp, net::io_context::executor_type>;

constexpr auto kHandshakeTime = std::chrono::seconds(10);
// Speed over size: one thread compresses for all.
constexpr int kDeflateLevel = 1;

http::request<http::empty_body> beast_request(const Request& request) {
  http::request<http::empty_body> result;
  result.method(http::verb::get);
  result.target(request.path);
  result.version(11);
  for (const auto& [name, value] : request.headers) result.insert(name, value);
  return result;
}

class WebSocket final : public Peer, public std::enable_shared_from_this<WebSocket> {
 public:
  WebSocket(std::shared_ptr<ServerCore> core, int descriptor, Request request);

  void start(Fields headers);
  void tick(SteadyTime) override {}  // Beast has timers of its own
  void finish() override { close(websocket::close_code::going_away); }
  void drop() override { end(); }

  // From any thread.
  bool send(std::shared_ptr<const std::string> bytes, bool is_text);
  void close_soon();

 private:
  void set_options(Fields headers);
  void on_accept(beast::error_code error);
  void open();
  void read();
  void on_read(beast::error_code error);
  void hand_over(std::string text);
  void on_handled(size_t size);
  void write_next();
  void close(websocket::close_code code);
  void end();

  /// Runs `call`, which may block, after the calls before it; what it throws closes the socket.
  void on_listener(std::function<void(SocketListener&)> call);

  const std::shared_ptr<ServerCore> core_;
  const Request request_;
  const http::request<http::empty_body> handshake_;
  websocket::stream<TcpSocket> stream_;
  net::strand<net::thread_pool::executor_type> strand_;
  std::shared_ptr<SocketListener> listener_;  // of the strand

  beast::flat_buffer incoming_;
  size_t unhandled_ = 0;  // bytes of messages that the listener has not taken yet
  bool is_paused_ = false;
  Outbox outbox_;
  Message message_;
  std::atomic<bool> overflowed_ = false;
  bool is_writing_ = false, is_closing_ = false, has_ended_ = false;
  websocket::close_code close_code_ = websocket::close_code::normal;
};

// What the listener holds. It does not keep the socket alive: being open does.
class Handle final : public Socket {
 public:
  explicit Handle(std::weak_ptr<WebSocket> socket) : socket_(std::move(socket)) {}
  bool send_text(std::shared_ptr<const std::string> message) override { return send(std::move(message), true); }
  bool send_binary(std::shared_ptr<const std::string> message) override { return send(std::move(message), false); }
  void close() override {
    if (const auto socket = socket_.lock()) socket->close_soon();
  }

 private:
  bool send(std::shared_ptr<const std::string> message, bool is_text) {
    const auto socket = socket_.lock();
    return socket && socket->send(std::move(message), is_text);
  }
  const std::weak_ptr<WebSocket> socket_;
};

WebSocket::WebSocket(std::shared_ptr<ServerCore> core, int descriptor, Request request)
    : core_(std::move(core)),
      request_(std::move(request)),
      handshake_(beast_request(request_)),
      stream_(TcpSocket(core_->io(), Tcp::v4(), descriptor)),
      strand_(core_->pool().get_executor()),
      outbox_(core_->limits().backlog_bytes) {}

void WebSocket::start(Fields headers) {
  core_->add(this);
  ++core_->counts.sockets;
  set_options(std::move(headers));
  stream_.async_accept(handshake_,
                       [self = shared_from_this()](beast::error_code error) { self->on_accept(error); });
}

void WebSocket::set_options(Fields headers) {
  websocket::permessage_deflate deflate;
  deflate.server_enable = true;
  deflate.compLevel = kDeflateLevel;
  stream_.set_option(deflate);
  stream_.set_option(websocket::stream_base::timeout{kHandshakeTime, core_->limits().socket_idle_time, true});
  stream_.set_option(websocket::stream_base::decorator([headers = std::move(headers)](websocket::response_type& response) {
    response.erase(http::field::server);
    response.insert("X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : headers) response.insert(name, value);
  }));
  stream_.read_message_max(core_->limits().socket_message_bytes);
  stream_.auto_fragment(false);
}

void WebSocket::on_accept(beast::error_code error) {
  if (error) return end();
  net::post(strand_, [self = shared_from_this()] { self->open(); });
  read();
  if (outbox_.is_closed()) close(close_code_);  // the server stops
}

void WebSocket::open() {
  try {
    listener_ = core_->parts.sockets(request_);
  } catch (const std::exception& error) {
    spdlog::error("{}: no listener: {}", request_.path, error.what());
  }
  if (!listener_) return close_soon();
  on_listener([handle = std::make_shared<Handle>(weak_from_this())](SocketListener& listener) {
    listener.on_open(handle);
  });
}

void WebSocket::on_listener(std::function<void(SocketListener&)> call) {
  net::dispatch(strand_, [self = shared_from_this(), call = std::move(call)] {
    if (!self->listener_) return;
    try {
      call(*self->listener_);
    } catch (const std::exception& error) {
      spdlog::error("{}: the listener failed: {}", self->request_.path, error.what());
      self->close_soon();
    }
  });
}

// --- In --------------------------------------------------------------------------------------------------------------

void WebSocket::read() {
  if (has_ended_) return;
  stream_.async_read(incoming_,
                     [self = shared_from_this()](beast::error_code error, size_t) { self->on_read(error); });
}

void WebSocket::on_read(beast::error_code error) {
  if (error || has_ended_) return end();
  const size_t size = incoming_.size();
  core_->counts.bytes_in += size;
  std::string text;
  if (stream_.got_text()) text.assign(static_cast<const char*>(incoming_.data().data()), size);
  incoming_.consume(size);
  if (stream_.got_text()) hand_over(std::move(text));
  is_paused_ = unhandled_ > core_->limits().socket_message_bytes;
  if (!is_paused_) read();
}

// Reading goes on meanwhile, or pings would wait for a busy listener.
void WebSocket::hand_over(std::string text) {
  const size_t size = text.size() + sizeof(std::string);
  unhandled_ += size;
  net::post(strand_, [self = shared_from_this(), text = std::move(text), size] {
    self->on_listener([&text](SocketListener& listener) { listener.on_text(text); });
    self->core_->on_io([self, size] { self->on_handled(size); });
  });
}

void WebSocket::on_handled(size_t size) {
  unhandled_ -= size;
  if (!is_paused_ || unhandled_ > core_->limits().socket_message_bytes) return;
  is_paused_ = false;
  read();
}

// --- Out -------------------------------------------------------------------------------------------------------------

bool WebSocket::send(std::shared_ptr<const std::string> bytes, bool is_text) {
  const Outbox::Put put = outbox_.put({std::move(bytes), is_text});
  if (put == Outbox::Put::kFull) {
    overflowed_ = true;
    spdlog::warn("{}: a client reads too slowly and is dropped", request_.path);
  }
  if (put == Outbox::Put::kFull || put == Outbox::Put::kWake) {
    core_->on_io([self = shared_from_this()] { self->overflowed_ ? self->end() : self->write_next(); });
  }
  return put == Outbox::Put::kQueued || put == Outbox::Put::kWake;
}

void WebSocket::close_soon() {
  if (outbox_.close()) core_->on_io([self = shared_from_this()] { self->close(websocket::close_code::normal); });
}

void WebSocket::write_next() {
  if (is_writing_ || is_closing_ || has_ended_) return;
  std::optional<Message> message = outbox_.take();
  if (!message) return outbox_.is_closed() ? close(close_code_) : void();
  is_writing_ = true;
  message_ = std::move(*message);
  stream_.text(message_.is_text);
  stream_.async_write(net::buffer(*message_.bytes), [self = shared_from_this()](beast::error_code error, size_t size) {
    self->is_writing_ = false;
    self->core_->counts.bytes_out += size;
    self->message_ = {};
    if (!error) self->write_next();
  });
}

// What waits is written first.
void WebSocket::close(websocket::close_code code) {
  outbox_.close();
  close_code_ = code;
  if (is_writing_ || is_closing_ || has_ended_ || !stream_.is_open()) return;
  if (outbox_.has_waiting()) return write_next();
  is_closing_ = true;
  stream_.async_close(code, [self = shared_from_this()](beast::error_code) { self->end(); });
}

// A write that the peer does not take would otherwise keep the socket.
void WebSocket::end() {
  if (has_ended_) return;
  has_ended_ = true;
  beast::error_code ignored;
  beast::get_lowest_layer(stream_).close(ignored);
  outbox_.close();
  core_->remove(this);
  --core_->counts.sockets;
  on_listener([](SocketListener& listener) { listener.on_closed(); });
  net::post(strand_, [self = shared_from_this()] { self->listener_.reset(); });
}

bool lists_token(std::string_view list, std::string_view token) {
  http::token_list tokens(beast::string_view(list.data(), list.size()));
  return tokens.exists(beast::string_view(token.data(), token.size()));
}

// 16 bytes in base64.
bool is_key(std::string_view key) {
  const auto is_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  return key.size() == 24 && key.ends_with("==") && std::all_of(key.begin(), key.end() - 2, is_digit);
}

Response refusal(int status, std::string words) {
  Response response = text_response(std::to_string(status) + ": " + std::move(words), status);
  if (status == 426) {
    response.headers = {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Version", "13"}};
  }
  if (status == 405) response.headers = {{"Allow", "GET"}};
  return response;
}

}  // namespace

std::optional<Response> refuse_handshake(const Request& request, bool is_http11) {
  if (request.method != "GET") return refusal(405, "a WebSocket is opened by GET");
  const bool upgrades = lists_token(request.header("connection"), "upgrade") &&
                        lists_token(request.header("upgrade"), "websocket");
  if (!upgrades || !is_http11) return refusal(426, "this is the address of a WebSocket: it needs Upgrade: websocket");
  if (request.header("sec-websocket-version") != "13") return refusal(426, "WebSocket version 13 is needed");
  const auto keys = std::count_if(request.headers.begin(), request.headers.end(),
                                  [](const auto& field) { return field.first == "sec-websocket-key"; });
  if (keys != 1 || !is_key(request.header("sec-websocket-key"))) return refusal(400, "Sec-WebSocket-Key is not 16 bytes in base64");
  return std::nullopt;
}

void serve_web_socket(std::shared_ptr<ServerCore> core, int descriptor, Request request, Fields headers) {
  std::make_shared<WebSocket>(std::move(core), descriptor, std::move(request))->start(std::move(headers));
}

}  // namespace heddle::server
