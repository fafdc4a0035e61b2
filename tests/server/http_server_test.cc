#include "engine/server/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "tests/server/http_testing.h"

namespace heddle::server {
namespace {
using testing::HasSubstr;
using std::chrono::milliseconds;

class HttpServerTest : public testing::Test {
 protected:
  TestServer server_;
};

TEST_F(HttpServerTest, AnswersRoutesQueriesCapturesAndBodies) {
  server_.start();
  const Answered hello = server_.ask(get("/hello"));
  EXPECT_EQ(hello.status, 200);
  EXPECT_EQ(hello.body, "hello");
  EXPECT_EQ(hello.header("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(hello.header("x-content-type-options"), "nosniff");
  EXPECT_THAT(hello.header("date"), HasSubstr(" GMT"));
  EXPECT_EQ(server_.ask(get("/files/a%2Fb%20c")).body, "a/b c");
  EXPECT_EQ(server_.ask(get("/query?a=1&b=x+y")).body, "a=1;b=x y;");
  EXPECT_EQ(server_.ask(post("/echo", "body")).body, "body");
  EXPECT_EQ(server_.ask("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "3\r\nbod\r\n1\r\ny\r\n0\r\n\r\n").body,
            "body");
}

TEST_F(HttpServerTest, UnknownPathsWrongMethodsAndHeads) {
  server_.start();
  const Answered unknown = server_.ask(get("/nothing"));
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.body, "404: Not Found");
  const Answered wrong = server_.ask(post("/hello", ""));
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("allow"), "GET, HEAD");
  const Answered head = server_.ask("HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), "5");
}

TEST_F(HttpServerTest, TheFallbackAnswersWhatNoRouteKnows) {
  server_.fallback = [](const Request& request) { return text_response("fallback " + request.path); };
  server_.start();
  EXPECT_EQ(server_.ask(get("/nothing")).body, "fallback /nothing");
  EXPECT_EQ(server_.ask(get("/hello")).body, "hello");
  EXPECT_EQ(server_.ask(post("/hello", "")).status, 405);
}

TEST_F(HttpServerTest, AConnectionIsKeptForManyRequests) {
  server_.start();
  RawClient client(server_.port());
  for (int i = 0; i < 100; ++i) ASSERT_EQ(client.ask(post("/echo", std::to_string(i))).body, std::to_string(i));
  EXPECT_EQ(server_.http->counts().requests, 100u);
  EXPECT_EQ(server_.http->counts().connections, 1);
  const Answered last = client.ask(get("/hello", "Connection: close\r\n"));
  EXPECT_EQ(last.header("connection"), "close");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpServerTest, RequestsSentInARowAreAnsweredInOrder) {
  Flag second_may_go;
  server_.routes.add("GET", "/slow", [&](const Request&) {
    second_may_go.wait();
    return text_response("slow");
  });
  server_.start();
  RawClient client(server_.port());
  client.send(get("/slow") + post("/echo", "two") + get("/nothing") + get("/hello"));
  second_may_go.raise();
  EXPECT_EQ(client.read_answer().body, "slow");
  EXPECT_EQ(client.read_answer().body, "two");
  EXPECT_EQ(client.read_answer().status, 404);
  EXPECT_EQ(client.read_answer().body, "hello");
}

TEST_F(HttpServerTest, OldClientsAreUnderstood) {
  server_.start();
  RawClient plain(server_.port());
  const Answered answer = plain.ask("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_TRUE(plain.is_closed());
  RawClient keeping(server_.port());
  for (int i = 0; i < 2; ++i) {
    const Answered kept = keeping.ask("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(kept.header("connection"), "keep-alive");
  }
}

TEST_F(HttpServerTest, AHalfClosedClientStillGetsItsAnswer) {
  server_.start();
  RawClient client(server_.port());
  client.send(get("/hello"));
  client.end_sending();
  EXPECT_EQ(client.read_answer().body, "hello");
}

TEST_F(HttpServerTest, BodiesAreAskedForWhereTheClientWaits) {
  server_.start();
  RawClient client(server_.port());
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.take_line(), "HTTP/1.1 100 Continue");
  client.take_line();
  client.send("body");
  EXPECT_EQ(client.read_answer().body, "body");
  EXPECT_EQ(server_.ask("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\nbody").body,
            "body");
  RawClient refused(server_.port());
  EXPECT_EQ(refused.ask("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n").status,
            413);
}

// --- Refusing --------------------------------------------------------------------------------------------------------

TEST_F(HttpServerTest, TheGuardIsAskedBeforeTheBodyComes) {
  server_.start();
  RawClient client(server_.port());
  client.send("POST /echo HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 1000\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 403);
  EXPECT_EQ(server_.http->counts().refused, 1u);
}

TEST_F(HttpServerTest, ARefusedUploadHearsWhyThoughItIsStillSending) {
  server_.start();
  RawClient client(server_.port());
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n");
  client.send(std::string(3'000'000, 'x'));
  EXPECT_EQ(client.read_answer().status, 413);
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpServerTest, BodiesTogetherAreBounded) {
  server_.settings.limits.all_body_bytes = 50'000;
  Flag inside, may_go;
  server_.routes.add("POST", "/hold", [&](const Request&) {
    inside.raise();
    may_go.wait();
    return text_response("held");
  });
  server_.start();
  RawClient first(server_.port());
  first.send(post("/hold", std::string(30'000, 'x')));
  ASSERT_TRUE(inside.wait());
  EXPECT_EQ(server_.ask(post("/echo", std::string(30'000, 'x'))).status, 503);
  EXPECT_EQ(server_.ask(post("/echo", std::string(10'000, 'x'))).status, 200);
  RawClient chunked(server_.port());
  chunked.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n7530\r\n" + std::string(30'000, 'x'));
  EXPECT_EQ(chunked.read_answer().status, 503);
  may_go.raise();
  EXPECT_EQ(first.read_answer().body, "held");
  int status = 503;  // what was held is free again, a moment after its answer
  for (int k = 0; k < 1000 && status == 503; ++k) status = server_.ask(post("/echo", std::string(30'000, 'x'))).status;
  EXPECT_EQ(status, 200);
}

TEST_F(HttpServerTest, ConnectionsBeyondTheBoundAreToldSo) {
  server_.settings.limits.connections = 2;
  server_.start();
  RawClient one(server_.port()), two(server_.port());
  EXPECT_EQ(one.ask(get("/hello")).status, 200);
  EXPECT_EQ(two.ask(get("/hello")).status, 200);
  RawClient three(server_.port());
  EXPECT_EQ(three.ask(get("/hello")).status, 503);
  EXPECT_TRUE(three.is_closed());
  EXPECT_EQ(one.ask(get("/hello")).status, 200);
}

TEST_F(HttpServerTest, ForeignOriginsGetCorsHeadersWhereTheyAreAllowed) {
  server_.guard_settings.allowed_origins = {"https://studio.example"};
  server_.start();
  const Answered answer = server_.ask(get("/hello", "Origin: https://studio.example\r\n"));
  EXPECT_EQ(answer.header("access-control-allow-origin"), "https://studio.example");
  const Answered preflight = server_.ask("OPTIONS /hello HTTP/1.1\r\nHost: localhost\r\nOrigin: https://studio.example\r\n"
                                         "Access-Control-Request-Method: GET\r\n\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_THAT(preflight.header("access-control-allow-methods"), HasSubstr("DELETE"));
  EXPECT_EQ(server_.ask(get("/hello")).header("access-control-allow-origin"), "");
}

TEST_F(HttpServerTest, CompressesWhereItIsToldTo) {
  server_.settings.gzip = true;
  server_.start();
  const std::string body(20'000, 'x');
  const Answered answer = server_.ask(post("/echo", body, "Accept-Encoding: gzip\r\n"));
  EXPECT_EQ(answer.header("content-encoding"), "gzip");
  EXPECT_LT(answer.body.size(), 1'000u);
  EXPECT_EQ(server_.ask(post("/echo", body)).body, body);
}

// --- Time ------------------------------------------------------------------------------------------------------------

TEST_F(HttpServerTest, ARequestThatDoesNotArriveInTimeIsRefused) {
  server_.settings.limits.request_time = milliseconds(300);
  server_.start();
  RawClient head(server_.port()), body(server_.port()), chunked(server_.port());
  head.send("GET /hello HTTP/1.1\r\nHost: loc");
  body.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf");
  chunked.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
  EXPECT_EQ(head.read_answer().status, 408);
  EXPECT_EQ(body.read_answer().status, 408);
  EXPECT_EQ(chunked.read_answer().status, 408);
}

TEST_F(HttpServerTest, BytesOneByOneDoNotKeepARequestAlive) {
  server_.settings.limits.request_time = milliseconds(300);
  server_.start();
  RawClient client(server_.port());
  client.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n");
  bool open = true;
  for (int i = 0; i < 200 && open; ++i) {
    open = client.send("X");
    std::this_thread::sleep_for(milliseconds(20));
    open = open && server_.http->counts().refused == 0;
  }
  EXPECT_EQ(client.read_answer().status, 408);
}

TEST_F(HttpServerTest, AnIdleConnectionIsClosedWithoutAWord) {
  server_.settings.limits.idle_time = milliseconds(200);
  server_.start();
  RawClient unused(server_.port()), used(server_.port()), empty_lines(server_.port());
  empty_lines.send("\r\n\r\n");
  EXPECT_EQ(used.ask(get("/hello")).status, 200);
  EXPECT_TRUE(unused.is_closed());
  EXPECT_TRUE(used.is_closed());
  EXPECT_TRUE(empty_lines.is_closed());
}

TEST_F(HttpServerTest, AClientThatDoesNotReadItsAnswerIsGivenUp) {
  server_.settings.limits.request_time = milliseconds(300);
  Flag written;
  server_.routes.add("GET", "/big", [&](const Request&) {
    Response response = text_response(std::string(32 << 20, 'x'));
    response.after_written = [&] { written.raise(); };
    return response;
  });
  server_.start();
  RawClient client(server_.port(), "127.0.0.1", 4096);
  client.send(get("/big"));
  EXPECT_TRUE(written.wait());
  EXPECT_LT(client.take_all().size(), size_t{32} << 20);
}

// --- Handlers --------------------------------------------------------------------------------------------------------

TEST_F(HttpServerTest, AnswersMayComeLaterFromAnyThreadAndOnlyTheFirstCounts) {
  std::thread other;
  server_.routes.add({"POST", "/later", [&](const Request& request, const Respond& respond) {
                        other = std::thread([&request, respond] {
                          respond(text_response("later: " + request.body));
                          respond(text_response("twice"));
                        });
                      }});
  server_.start();
  RawClient client(server_.port());
  EXPECT_EQ(client.ask(post("/later", "x")).body, "later: x");
  EXPECT_EQ(client.ask(get("/hello")).body, "hello");
  other.join();
}

TEST_F(HttpServerTest, WhatIsThrownAndWhatIsForgottenIsAFailureOfTheRequestAlone) {
  server_.routes.add({"GET", "/forget", [](const Request&, const Respond&) {}});
  server_.start();
  RawClient client(server_.port());
  EXPECT_EQ(client.ask(get("/throw")).status, 500);
  EXPECT_EQ(client.ask(get("/forget")).status, 500);
  EXPECT_EQ(client.ask(get("/hello")).status, 200);
}

TEST_F(HttpServerTest, AfterWrittenIsCalledOnceWhateverHappens) {
  Flag written, gone, ignored, inside, may_go;
  const auto with = [](Flag& flag) {
    Response response = text_response("x");
    response.after_written = [&flag] { flag.raise(); };
    return response;
  };
  server_.routes.add("GET", "/written", [&](const Request&) { return with(written); });
  server_.routes.add({"GET", "/twice", [&](const Request&, const Respond& respond) {
                        respond(text_response("first"));
                        respond(with(ignored));
                      }});
  server_.routes.add("GET", "/gone", [&](const Request&) {
    inside.raise();
    may_go.wait();
    return with(gone);
  });
  server_.start();
  RawClient client(server_.port());
  client.ask(get("/written"));
  client.ask(get("/twice"));
  client.send(get("/gone"));
  ASSERT_TRUE(inside.wait());
  client.close();
  may_go.raise();
  EXPECT_TRUE(written.wait() && gone.wait() && ignored.wait());
  server_.http->stop(milliseconds(1000));
  EXPECT_EQ(written.raised() + gone.raised() + ignored.raised(), 3);
}

TEST_F(HttpServerTest, AnAnswerMayComeAfterTheServerHasEnded) {
  Respond kept;
  Flag inside, written;
  server_.routes.add({"GET", "/keep", [&](const Request&, const Respond& respond) {
                        kept = respond;
                        inside.raise();
                      }});
  server_.start();
  RawClient client(server_.port());
  client.send(get("/keep"));
  ASSERT_TRUE(inside.wait());
  server_.http.reset();
  Response late = text_response("late");
  late.after_written = [&] { written.raise(); };
  kept(std::move(late));
  EXPECT_EQ(written.raised(), 1);
  kept = nullptr;
  EXPECT_TRUE(client.is_closed());
}

// --- Files -----------------------------------------------------------------------------------------------------------

class FilesOverHttp : public HttpServerTest {
 protected:
  FilesOverHttp() {
    for (int i = 0; i < 1'000'000; ++i) bytes_ += static_cast<char>(i * 7 + i / 256);
    std::ofstream(folder_.path / "big.bin", std::ios::binary) << bytes_;
    server_.routes.add("GET", "/file", [this](const Request&) {
      Response response;
      response.type = "image/png";
      response.file = folder_.path / "big.bin";
      return response;
    });
    server_.routes.add("GET", "/missing", [this](const Request&) {
      Response response;
      response.file = folder_.path / "missing";
      return response;
    });
    server_.start();
  }
  TestFolder folder_{"files_over_http"};
  std::string bytes_;
};

TEST_F(FilesOverHttp, AreSentWholeInPartsOrNotAtAll) {
  RawClient client(server_.port());
  const Answered whole = client.ask(get("/file"));
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.header("content-type"), "image/png");
  EXPECT_TRUE(whole.body == bytes_);
  const Answered part = client.ask(get("/file", "Range: bytes=300000-899999\r\n"));
  EXPECT_EQ(part.status, 206);
  EXPECT_TRUE(part.body == bytes_.substr(300'000, 600'000));
  EXPECT_EQ(client.ask(get("/file", "Range: bytes=2000000-\r\n")).status, 416);
  EXPECT_EQ(client.ask(get("/file", "If-None-Match: " + whole.header("etag") + "\r\n")).status, 304);
  EXPECT_EQ(client.ask(get("/missing")).status, 404);
  const Answered head = client.ask("HEAD /file HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(head.header("content-length"), "1000000");
  EXPECT_EQ(client.ask(get("/file", "Connection: close\r\n")).body.size(), 1'000'000u);
}

// --- Streams ---------------------------------------------------------------------------------------------------------

class Streams : public HttpServerTest {
 protected:
  Streams() {
    server_.routes.add("GET", "/events", [this](const Request&) {
      Response response;
      response.type = "text/event-stream";
      response.stream = [this](std::shared_ptr<Stream> stream) {
        stream->on_closed([this] { closed_.raise(); });
        stream_ = std::move(stream);
        opened_.raise();
      };
      response.after_written = [this] { written_.raise(); };
      return response;
    });
  }
  ~Streams() override { server_.http.reset(); }

  Flag opened_, closed_, written_;
  std::shared_ptr<Stream> stream_;
};

TEST_F(Streams, WhatIsWrittenComesAtOnceAndInOrder) {
  server_.start();
  RawClient client(server_.port());
  client.send(get("/events"));
  const Answered head = client.read_head();
  EXPECT_EQ(head.header("content-type"), "text/event-stream");
  EXPECT_EQ(head.header("transfer-encoding"), "chunked");
  ASSERT_TRUE(opened_.wait());
  EXPECT_TRUE(stream_->write("one"));
  EXPECT_EQ(client.read_chunk(), "one");
  for (int i = 0; i < 100; ++i) stream_->write(std::to_string(i));
  for (int i = 0; i < 100; ++i) ASSERT_EQ(client.read_chunk(), std::to_string(i));
  stream_->write("last");
  stream_->close();
  EXPECT_FALSE(stream_->write("too late"));
  EXPECT_EQ(client.read_chunk(), "last");
  EXPECT_EQ(client.read_chunk(), "");
  EXPECT_TRUE(closed_.wait() && written_.wait());
}

TEST_F(Streams, AClientThatGoesIsNoticedThoughNothingIsWritten) {
  server_.start();
  RawClient client(server_.port());
  client.send(get("/events"));
  client.read_head();
  client.close();
  ASSERT_TRUE(opened_.wait() && closed_.wait() && written_.wait());
  EXPECT_FALSE(stream_->write("x"));
  Flag at_once;
  stream_->on_closed([&] { at_once.raise(); });
  EXPECT_EQ(at_once.raised(), 1);
}

TEST_F(Streams, AReaderWhoDoesNotReadIsDropped) {
  server_.settings.limits.backlog_bytes = 1 << 20;
  server_.start();
  RawClient client(server_.port(), "127.0.0.1", 4096);
  client.send(get("/events"));
  ASSERT_TRUE(opened_.wait());
  bool open = true;
  for (int i = 0; i < 1000 && open; ++i) open = stream_->write(std::string(100'000, 'x'));
  EXPECT_FALSE(open);
  EXPECT_TRUE(closed_.wait());
}

TEST_F(Streams, OldClientsReadUntilTheEnd) {
  server_.start();
  RawClient client(server_.port());
  client.send("GET /events HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.read_head().header("transfer-encoding"), "");
  ASSERT_TRUE(opened_.wait());
  stream_->write("one");
  stream_->write("two");
  stream_.reset();
  EXPECT_EQ(client.take_all(), "onetwo") << "letting go of a stream closes it";
}

TEST_F(Streams, AHeadRequestOpensNone) {
  server_.start();
  RawClient client(server_.port());
  EXPECT_EQ(client.ask("HEAD /events HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
  EXPECT_TRUE(written_.wait());
  EXPECT_EQ(opened_.raised(), 0);
}

// --- Starting and stopping -------------------------------------------------------------------------------------------

std::string refusal_to_start(TestServer& server) {
  try {
    server.start();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST_F(HttpServerTest, APortInUseIsSaidInWords) {
  server_.start();
  TestServer second;
  second.settings.port = server_.port();
  EXPECT_THAT(refusal_to_start(second), HasSubstr("cannot listen on 127.0.0.1:" + std::to_string(server_.port()) +
                                                  ": the port is in use"));
}

TEST_F(HttpServerTest, WhatIsNoAddressIsSaidInWords) {
  server_.settings.address = "my.house";
  EXPECT_THAT(refusal_to_start(server_), HasSubstr("\"my.house\" is no IP address"));
  TestServer far;
  far.settings.address = "203.0.113.7";
  EXPECT_THAT(refusal_to_start(far), HasSubstr("this machine does not have that address"));
  TestServer high;
  high.settings.port = 70'000;
  EXPECT_THAT(refusal_to_start(high), HasSubstr("ports go from 0 to 65535"));
}

TEST_F(HttpServerTest, ListensOnIPv6) {
  server_.settings.address = "::1";
  try {
    server_.start();
  } catch (const std::runtime_error&) {
    GTEST_SKIP() << "this machine has no IPv6";
  }
  EXPECT_EQ(RawClient(server_.port(), "::1").ask("GET /hello HTTP/1.1\r\nHost: [::1]\r\n\r\n").body, "hello");
}

TEST_F(HttpServerTest, StoppingLetsRequestsInProgressBeAnswered) {
  Flag inside, may_go;
  server_.routes.add("GET", "/slow", [&](const Request&) {
    inside.raise();
    may_go.wait();
    return text_response("done");
  });
  server_.start();
  RawClient busy(server_.port()), idle(server_.port());
  idle.ask(get("/hello"));
  busy.send(get("/slow"));
  ASSERT_TRUE(inside.wait());
  std::thread stopping([&] { server_.http->stop(std::chrono::seconds(20)); });
  EXPECT_TRUE(idle.is_closed());
  EXPECT_FALSE(RawClient(server_.port()).is_connected());
  may_go.raise();
  const Answered answer = busy.read_answer();
  EXPECT_EQ(answer.body, "done");
  EXPECT_EQ(answer.header("connection"), "close");
  stopping.join();
  server_.http->stop(std::chrono::seconds(20));
}

TEST_F(HttpServerTest, StoppingDoesNotWaitLongerThanItsGrace) {
  Respond kept;
  Flag inside;
  server_.routes.add({"GET", "/keep", [&](const Request&, const Respond& respond) {
                        kept = respond;
                        inside.raise();
                      }});
  server_.start();
  RawClient client(server_.port());
  client.send(get("/keep"));
  ASSERT_TRUE(inside.wait());
  server_.http->stop(milliseconds(50));
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpServerTest, ManyClientsAtOnceAreAllAnswered) {
  server_.start();
  std::vector<std::thread> threads;
  std::atomic<int> answered = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      RawClient client(server_.port());
      for (int i = 0; i < 200; ++i) answered += client.ask(post("/echo", std::to_string(t * 1000 + i))).body == std::to_string(t * 1000 + i);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, 1600);
}

}  // namespace
}  // namespace heddle::server
