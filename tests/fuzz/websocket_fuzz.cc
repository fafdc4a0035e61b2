// Bytes of any content on a connection to the server, as HTTP or behind the handshake of a WebSocket: the connection must
// end, and requests must be read the same however their bytes are cut.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "engine/fd.h"
#include "engine/server/connection.h"
#include "engine/server/request_reader.h"

namespace {
using namespace heddle::server;

constexpr std::string_view kHandshake =
    "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
constexpr std::string_view kDeflate = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

class Echo : public SocketListener {
 public:
  void on_open(std::shared_ptr<Socket> socket) override { socket_ = std::move(socket); }
  void on_text(std::string_view message) override { socket_->send_text(std::make_shared<const std::string>(message)); }
  void on_closed() override {}

 private:
  std::shared_ptr<Socket> socket_;
};

Routes make_routes() {
  Routes routes;
  routes.add("GET", "/a", [](const Request& request) { return text_response(request.path); });
  routes.add("POST", "/b/{name}", [](const Request& request) {
    return text_response(parse_form(request) ? "form" : request.captures[0] + request.body);
  });
  return routes;
}

ServerParts make_parts() {
  static const Routes routes = make_routes();
  static const Guard guard{GuardSettings{}};
  ServerParts parts{{}, routes, guard, {"/ws"}, [](const Request&) { return std::make_shared<Echo>(); }, nullptr};
  parts.settings.limits.header_bytes = 2048;
  parts.settings.limits.target_bytes = 256;
  parts.settings.limits.body_bytes = 4096;
  parts.settings.limits.socket_message_bytes = 4096;
  parts.settings.limits.handler_threads = 1;
  return parts;
}

// What came from the server, thrown away. False where nothing is there.
bool drain(int descriptor) {
  char bytes[4096];
  return ::recv(descriptor, bytes, sizeof bytes, MSG_DONTWAIT) > 0;
}

void send(int descriptor, std::string_view bytes) {
  if (::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) return;  // the server has closed
}

// A connection that opens with `hello` and, when that has been answered, goes on with `bytes`.
void talk(const std::shared_ptr<ServerCore>& core, const std::string& hello, std::string_view bytes) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
  const heddle::Fd client(ends[1]);
  serve_connection(core, ends[0]);
  send(client.get(), hello);
  while (!hello.empty() && !drain(client.get())) core->poll();
  send(client.get(), bytes);
  ::shutdown(client.get(), SHUT_WR);
  while (!core->peers.empty()) {
    core->poll();
    drain(client.get());
  }
}

std::string read_in_pieces(std::string_view bytes, size_t piece) {
  RequestReader reader({2048, 256, 4096});
  std::string seen;
  using State = RequestReader::State;
  const auto go_on = [&](State state) {
    while (state == State::kHeadDone || state == State::kDone) {
      if (state == State::kDone) seen += reader.request().path + reader.request().body + "|";
      state = state == State::kDone ? reader.next() : reader.accept_body();
    }
    if (state == State::kRefused) seen += std::to_string(reader.refusal().status);
    return state != State::kRefused;
  };
  while (!bytes.empty()) {
    const std::span<char> room = reader.prepare();
    const size_t size = std::min({piece, room.size(), bytes.size()});
    std::memcpy(room.data(), bytes.data(), size);
    bytes.remove_prefix(size);
    if (!go_on(reader.commit(size))) break;
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto core = std::make_shared<ServerCore>(make_parts());
  if (size == 0 || size > 8192) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const int kind = data[0] % 4;
  if (kind == 0) talk(core, std::string(kHandshake) + "\r\n", bytes);
  if (kind == 1) talk(core, std::string(kHandshake) + std::string(kDeflate) + "\r\n", bytes);
  if (kind == 2) talk(core, "", bytes);
  if (kind == 3 && read_in_pieces(bytes, 1) != read_in_pieces(bytes, 8192)) std::abort();
  return 0;
}
