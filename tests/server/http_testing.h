// A server with routes that tests need, and a client that says exactly what it is told to, byte for byte.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/fd.h"
#include "engine/server/guard.h"
#include "engine/server/http.h"
#include "engine/server/http_server.h"
#include "engine/server/site.h"

namespace heddle::server {

/// Lets a test wait for something that another thread does.
class Flag {
 public:
  void raise() {
    const std::lock_guard lock(mutex_);
    ++raised_;
    changed_.notify_all();
  }
  /// False if it takes a test's patience.
  bool wait(int times = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return raised_ >= times; });
  }
  int raised() {
    const std::lock_guard lock(mutex_);
    return raised_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int raised_ = 0;
};

struct Answered {
  int status = 0;  // 0: closed without an answer
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

/// One connection. Reading gives up after 20 s, so that a server that hangs fails a test.
class RawClient {
 public:
  explicit RawClient(int port, const std::string& address = "127.0.0.1", int receive_buffer = 0) {
    const bool v6 = address.find(':') != std::string::npos;
    socket_ = Fd(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_buffer) ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port));
    ::inet_pton(AF_INET, v6 ? "0.0.0.0" : address.c_str(), &to.sin_addr);
    sockaddr_in6 to6{};
    to6.sin6_family = AF_INET6;
    to6.sin6_port = to.sin_port;
    to6.sin6_addr = in6addr_loopback;
    const auto* where = v6 ? reinterpret_cast<sockaddr*>(&to6) : reinterpret_cast<sockaddr*>(&to);
    is_connected_ = ::connect(socket_.get(), where, v6 ? sizeof to6 : sizeof to) == 0;
  }

  bool is_connected() const { return is_connected_; }

  /// False if the server has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  void end_sending() { ::shutdown(socket_.get(), SHUT_WR); }
  void close() { socket_ = Fd(); }

  /// Reads some more; false at the end.
  bool receive() {
    pollfd waiting{socket_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, 20'000) <= 0) return false;
    char bytes[65536];
    const ssize_t got = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    received_.append(bytes, static_cast<size_t>(got));
    return true;
  }
  /// At least so many bytes, or what came before the end.
  std::string take(size_t size) {
    while (received_.size() < size && receive()) {
    }
    std::string taken = received_.substr(0, size);
    received_.erase(0, size);
    return taken;
  }
  std::string take_line() {
    size_t end;
    while ((end = received_.find("\r\n")) == std::string::npos && receive()) {
    }
    return end == std::string::npos ? take(received_.size()) : take(end + 2).substr(0, end);
  }
  std::string take_all() {
    while (receive()) {
    }
    return std::exchange(received_, {});
  }
  /// Whether the server has closed and said nothing more.
  bool is_closed() { return received_.empty() && !receive(); }

  Answered read_answer(bool is_head = false) {
    Answered answer = read_head();
    const bool has_body = !is_head && answer.status >= 200 && answer.status != 204 && answer.status != 304;
    if (!has_body) return answer;
    if (answer.header("transfer-encoding") == "chunked") {
      for (std::string chunk = read_chunk(); !chunk.empty(); chunk = read_chunk()) answer.body += chunk;
    } else if (answer.headers.count("content-length")) {
      answer.body = take(std::stoul(answer.header("content-length")));
    } else {
      answer.body = take_all();
    }
    return answer;
  }
  Answered read_head() {
    Answered answer;
    const std::string line = take_line();
    if (line.size() < 12) return answer;
    answer.status = std::stoi(line.substr(9, 3));
    for (std::string field = take_line(); !field.empty(); field = take_line()) {
      const size_t colon = field.find(": ");
      std::string name = field.substr(0, colon);
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      answer.headers[name] = field.substr(colon + 2);
    }
    return answer;
  }
  /// "" for the last one, and at the end.
  std::string read_chunk() {
    const std::string size = take_line();
    if (size.empty()) return "";
    std::string chunk = take(std::stoul(size, nullptr, 16));
    take_line();
    return chunk;
  }

  Answered ask(std::string_view request) {
    send(request);
    return read_answer(request.starts_with("HEAD "));
  }

 private:
  Fd socket_;
  bool is_connected_ = false;
  std::string received_;
};

inline std::string get(const std::string& target, const std::string& headers = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n";
}
inline std::string post(const std::string& target, const std::string& body, const std::string& headers = "") {
  return "POST " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         headers + "\r\n" + body;
}

/// Says back what it hears; "close" closes, "throw" throws.
class EchoListener : public SocketListener {
 public:
  void on_open(std::shared_ptr<Socket> socket) override { socket_ = std::move(socket); }
  void on_text(std::string_view message) override {
    if (message == "close") return socket_->close();
    if (message == "throw") throw std::runtime_error("the listener does not like this");
    socket_->send_text(std::make_shared<const std::string>(message));
  }
  void on_closed() override { closed.raise(); }
  Flag closed;

 private:
  std::shared_ptr<Socket> socket_;
};

/// A server on a free port of 127.0.0.1, with small bounds. Change what is public before start().
class TestServer {
 public:
  TestServer() {
    settings.port = 0;
    settings.limits.header_bytes = 4096;
    settings.limits.target_bytes = 1024;
    settings.limits.body_bytes = 64 << 10;
    settings.limits.handler_threads = 4;
    settings.limits.socket_message_bytes = 16 << 10;
    routes.add("GET", "/hello", [](const Request&) { return text_response("hello"); });
    routes.add("POST", "/echo", [](const Request& request) { return text_response(request.body); });
    routes.add("GET", "/files/{name}", [](const Request& request) { return text_response(request.captures[0]); });
    routes.add("GET", "/rest/{path...}", [](const Request& request) { return text_response(request.captures[0]); });
    routes.add("GET", "/query", [](const Request& request) {
      std::string text;
      for (const auto& [name, value] : request.query) text += name + "=" + value + ";";
      return text_response(text);
    });
    routes.add("GET", "/throw", [](const Request&) -> Response { throw std::runtime_error("on purpose"); });
    socket_route = [this](const Request&) {
      auto listener = std::make_shared<EchoListener>();
      const std::lock_guard lock(mutex);
      listeners.push_back(listener);
      return listener;
    };
  }

  void start() {
    guard = std::make_unique<Guard>(guard_settings);
    http = std::make_unique<HttpServer>(settings, routes, *guard, std::vector<std::string>{"/ws", "/api/ws"},
                                        socket_route, fallback);
    http->start();
  }
  int port() const { return http->port(); }
  Answered ask(const std::string& request) const { return RawClient(port()).ask(request); }

  ServerSettings settings;
  GuardSettings guard_settings;
  Routes routes;
  SocketRoute socket_route;
  Handler fallback;
  std::mutex mutex;  // of listeners
  std::vector<std::shared_ptr<EchoListener>> listeners;
  std::unique_ptr<Guard> guard;
  std::unique_ptr<HttpServer> http;
};

/// A folder of its own for a test, gone afterwards.
class TestFolder {
 public:
  explicit TestFolder(const std::string& name)
      : path(std::filesystem::path(testing::TempDir()) / (name + "_" + std::to_string(getpid()))) {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  ~TestFolder() { std::filesystem::remove_all(path); }
  const std::filesystem::path path;
};

}  // namespace heddle::server
