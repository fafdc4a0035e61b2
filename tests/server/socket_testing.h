// The client's side of a WebSocket, frame by frame, for tests that send frames no library would.
#pragma once

#include <string>
#include <string_view>

#include "tests/server/http_testing.h"

namespace heddle::server {

inline const std::string kKey = "dGhlIHNhbXBsZSBub25jZQ==";

inline std::string upgrade(const std::string& path = "/ws", const std::string& headers = "") {
  return get(path, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + kKey +
                       "\r\n" + headers);
}

enum Opcode : unsigned char { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };
constexpr unsigned char kFin = 0x80, kRsv1 = 0x40, kRsv2 = 0x20, kRsv3 = 0x10;

inline std::string number_bytes(uint64_t number, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) text += static_cast<char>(number >> shift);
  return text;
}

/// The head of a frame: its first byte, and a length that may lie.
inline std::string frame_head(int first, uint64_t length, bool masked = true) {
  std::string head(1, static_cast<char>(first));
  const int mask = masked ? 0x80 : 0;
  if (length < 126) {
    head += static_cast<char>(mask | static_cast<int>(length));
  } else if (length < 65536) {
    head += static_cast<char>(mask | 126);
    head += number_bytes(length, 2);
  } else {
    head += static_cast<char>(mask | 127);
    head += number_bytes(length, 8);
  }
  return head;
}

/// A frame as a client sends it: `first` is the opcode with kFin and the reserved bits.
inline std::string frame(int first, std::string_view payload) {
  const std::string mask = "\x12\x34\x56\x78";
  std::string bytes = frame_head(first, payload.size()) + mask;
  for (size_t i = 0; i < payload.size(); ++i) bytes += static_cast<char>(payload[i] ^ mask[i % 4]);
  return bytes;
}
inline std::string text_frame(std::string_view payload) { return frame(kFin | kText, payload); }
inline std::string close_frame(int code, const std::string& reason = "") {
  return frame(kFin | kClose, number_bytes(static_cast<uint64_t>(code), 2) + reason);
}

struct Frame {
  int first = 0;  // 0: the end
  std::string payload;
  int opcode() const { return first & 15; }
  int close_code() const {
    if (payload.size() < 2) return 1005;
    return static_cast<unsigned char>(payload[0]) * 256 + static_cast<unsigned char>(payload[1]);
  }
};

inline Frame read_frame(RawClient& client) {
  const std::string head = client.take(2);
  if (head.size() < 2) return {};
  uint64_t length = static_cast<unsigned char>(head[1]);
  if (length >= 126) {
    const std::string more = client.take(length == 126 ? 2 : 8);
    length = 0;
    for (const char c : more) length = length << 8 | static_cast<unsigned char>(c);
  }
  return {static_cast<unsigned char>(head[0]), client.take(length)};
}

/// An open WebSocket.
class SocketClient : public RawClient {
 public:
  explicit SocketClient(int port, const std::string& request = upgrade(), int receive_buffer = 0)
      : RawClient(port, "127.0.0.1", receive_buffer) {
    send(request);
    handshake = read_head();
  }
  Frame next() { return read_frame(*this); }
  std::string next_text() { return next().payload; }

  Answered handshake;
};

}  // namespace heddle::server
