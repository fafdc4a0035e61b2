#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/server/socket_testing.h"

namespace heddle::server {
namespace {
using std::chrono::milliseconds;
using testing::HasSubstr;

class WebSocketTest : public testing::Test {
 protected:
  std::shared_ptr<EchoListener> listener() {
    const std::lock_guard lock(server_.mutex);
    return server_.listeners.at(0);
  }
  TestServer server_;
};

TEST_F(WebSocketTest, OpensOnItsPathsAndEchoes) {
  server_.start();
  for (const char* path : {"/ws?clientId=abc", "/api/ws"}) {
    SocketClient client(server_.port(), upgrade(path));
    EXPECT_EQ(client.handshake.status, 101);
    EXPECT_EQ(client.handshake.header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT_EQ(client.handshake.header("x-content-type-options"), "nosniff");
    client.send(text_frame("hello"));
    const Frame echo = client.next();
    EXPECT_EQ(echo.first, kFin | kText);
    EXPECT_EQ(echo.payload, "hello");
    client.send(close_frame(1000));
    EXPECT_EQ(client.next().close_code(), 1000);
    EXPECT_TRUE(client.is_closed());
  }
  ASSERT_TRUE(listener()->closed.wait());
}

TEST_F(WebSocketTest, TheListenerSeesTheRequest) {
  std::string seen;
  Flag opened;
  server_.socket_route = [&](const Request& request) {
    seen = request.parameter("clientId").value_or("") + " " + std::string(request.header("user-agent"));
    opened.raise();
    return std::make_shared<EchoListener>();
  };
  server_.start();
  SocketClient client(server_.port(), upgrade("/ws?clientId=a%20b", "User-Agent: test\r\n"));
  ASSERT_TRUE(opened.wait());
  EXPECT_EQ(seen, "a b test");
}

TEST_F(WebSocketTest, FragmentsPingsAndBinaryMessages) {
  server_.start();
  SocketClient client(server_.port());
  client.send(frame(kText, "one ") + frame(kFin | kPing, "p") + frame(kContinuation, "two ") +
              frame(kFin | kContinuation, "three"));
  const Frame pong = client.next();
  EXPECT_EQ(pong.first, kFin | kPong);
  EXPECT_EQ(pong.payload, "p");
  EXPECT_EQ(client.next_text(), "one two three");
  client.send(frame(kFin | kBinary, "\xFF\x00") + frame(kFin | kPong, "unasked") + text_frame("{not json") + text_frame(""));
  EXPECT_EQ(client.next_text(), "{not json") << "binary messages are ignored, text need not be JSON";
  EXPECT_EQ(client.next_text(), "");
}

TEST_F(WebSocketTest, CompressionIsUsedWhereItIsOffered) {
  server_.start();
  SocketClient client(server_.port(), upgrade("/ws", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"));
  EXPECT_THAT(client.handshake.header("sec-websocket-extensions"), HasSubstr("permessage-deflate"));
  // "Hello" compressed (RFC 7692, 7.2.3.1).
  client.send(frame(kFin | kText | kRsv1, "\xf2\x48\xcd\xc9\xc9\x07" + std::string(1, '\0')));
  EXPECT_EQ(client.next().first & kRsv1, kRsv1);
  SocketClient plain(server_.port());
  EXPECT_EQ(plain.handshake.header("sec-websocket-extensions"), "");
}

TEST_F(WebSocketTest, WhatIsNoUpgradeIsToldSo) {
  server_.start();
  const Answered plain = server_.ask(get("/ws"));
  EXPECT_EQ(plain.status, 426);
  EXPECT_EQ(plain.header("upgrade"), "websocket");
  EXPECT_THAT(plain.body, HasSubstr("the address of a WebSocket"));
  EXPECT_EQ(server_.ask(upgrade("/hello")).status, 200) << "elsewhere an upgrade is not taken up";
  EXPECT_EQ(server_.ask(upgrade("/ws", "Origin: https://evil.example\r\n")).status, 403);
}

TEST_F(WebSocketTest, TheServerMayCloseAndWhatWaitsIsSentFirst) {
  server_.start();
  SocketClient client(server_.port());
  client.send(text_frame("one") + text_frame("two") + text_frame("close"));
  EXPECT_EQ(client.next_text(), "one");
  EXPECT_EQ(client.next_text(), "two");
  EXPECT_EQ(client.next().close_code(), 1000);
  client.send(close_frame(1000));
  EXPECT_TRUE(client.is_closed());
  EXPECT_TRUE(listener()->closed.wait());
}

TEST_F(WebSocketTest, AListenerThatFailsClosesItsSocketAlone) {
  server_.start();
  SocketClient other(server_.port()), client(server_.port());
  client.send(text_frame("throw"));
  EXPECT_EQ(client.next().opcode(), kClose);
  other.send(text_frame("still here"));
  EXPECT_EQ(other.next_text(), "still here");
}

TEST_F(WebSocketTest, NoListenerClosesTheSocket) {
  server_.socket_route = [](const Request&) -> std::shared_ptr<SocketListener> { throw std::runtime_error("no"); };
  server_.start();
  SocketClient client(server_.port());
  EXPECT_EQ(client.next().opcode(), kClose);
}

TEST_F(WebSocketTest, MessagesPastTheBoundClose) {
  server_.start();
  SocketClient client(server_.port());
  client.send(text_frame(std::string(16 << 10, 'x')));
  EXPECT_EQ(client.next_text().size(), 16u << 10);
  client.send(text_frame(std::string((16 << 10) + 1, 'x')));
  EXPECT_EQ(client.next().close_code(), 1009);
}

TEST_F(WebSocketTest, ADeadPeerIsNoticed) {
  server_.settings.limits.socket_idle_time = milliseconds(200);
  server_.start();
  SocketClient client(server_.port());
  EXPECT_EQ(client.next().opcode(), kPing);
  EXPECT_TRUE(listener()->closed.wait()) << "no pong came";
}

// Keeps what it is given, for tests that send on their own.
class KeepingListener : public SocketListener {
 public:
  void on_open(std::shared_ptr<Socket> opened) override {
    socket = std::move(opened);
    open.raise();
  }
  void on_text(std::string_view) override {}
  void on_closed() override { closed.raise(); }
  std::shared_ptr<Socket> socket;
  Flag open, closed;
};

TEST_F(WebSocketTest, ASlowReaderIsDroppedAndSlowsNobody) {
  server_.settings.limits.backlog_bytes = 1 << 20;
  std::vector<std::shared_ptr<KeepingListener>> listeners;
  std::mutex mutex;
  server_.socket_route = [&](const Request&) {
    const std::lock_guard lock(mutex);
    return listeners.emplace_back(std::make_shared<KeepingListener>());
  };
  server_.start();
  const auto open = [&](size_t index) {
    for (;;) {
      const std::lock_guard lock(mutex);
      if (listeners.size() > index) return listeners[index];
    }
  };
  SocketClient slow(server_.port(), upgrade(), 4096);
  const auto slow_listener = open(0);
  SocketClient quick(server_.port());
  const auto quick_listener = open(1);
  ASSERT_TRUE(slow_listener->open.wait() && quick_listener->open.wait());

  const auto picture = std::make_shared<const std::string>(100'000, 'x');
  bool slow_is_open = true;
  int sent = 0;
  for (; sent < 1000 && slow_is_open; ++sent) {
    slow_is_open = slow_listener->socket->send_binary(picture);
    ASSERT_TRUE(quick_listener->socket->send_binary(picture));
    ASSERT_EQ(quick.next().payload.size(), picture->size());
  }
  EXPECT_FALSE(slow_is_open);
  EXPECT_TRUE(slow_listener->closed.wait());
  EXPECT_FALSE(slow_listener->socket->send_text(picture));
}

TEST_F(WebSocketTest, MessagesOfManyThreadsAllArriveAndEachThreadsInOrder) {
  const auto kept = std::make_shared<KeepingListener>();
  server_.socket_route = [&](const Request&) { return kept; };
  server_.start();
  SocketClient client(server_.port());
  ASSERT_TRUE(kept->open.wait());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        kept->socket->send_text(std::make_shared<const std::string>(std::string(1, static_cast<char>('a' + t)) + std::to_string(i)));
      }
    });
  }
  std::map<char, int> next;
  for (int i = 0; i < 400; ++i) {
    const std::string text = client.next_text();
    ASSERT_FALSE(text.empty());
    EXPECT_EQ(std::stoi(text.substr(1)), next[text[0]]++);
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(WebSocketTest, StoppingSaysGoodbye) {
  server_.start();
  SocketClient client(server_.port());
  client.send(text_frame("x"));
  client.next();
  EXPECT_EQ(server_.http->counts().sockets, 1);
  std::thread stopping([&] { server_.http->stop(std::chrono::seconds(20)); });
  EXPECT_EQ(client.next().close_code(), 1001);
  client.send(close_frame(1001));
  EXPECT_TRUE(client.is_closed());
  stopping.join();
  EXPECT_EQ(listener()->closed.raised(), 1);
  EXPECT_EQ(server_.http->counts().sockets, 0);
}

}  // namespace
}  // namespace heddle::server
