#include "engine/server/request_reader.h"

#include <gtest/gtest.h>

#include <cstring>

#include "engine/server/request_checks.h"

namespace heddle::server {
namespace {
using State = RequestReader::State;

constexpr RequestReader::Limits kLimits{2048, 512, 1000};

// What a reader makes of bytes that come in pieces of `piece`: "POST /a [body]|GET /b []|400".
std::string read_all(std::string_view bytes, size_t piece) {
  RequestReader reader(kLimits);
  std::string seen;
  const auto go_on = [&](State state) {
    while (state == State::kHeadDone || state == State::kDone) {
      if (state == State::kHeadDone) {
        state = reader.accept_body();
        continue;
      }
      const Request& request = reader.request();
      seen += (seen.empty() ? "" : "|") + request.method + " " + request.path + " [" + request.body + "]";
      state = reader.next();
    }
    if (state == State::kRefused) seen += (seen.empty() ? "" : "|") + std::to_string(reader.refusal().status);
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

std::string read_in_all_pieces(const std::string& bytes) {
  const std::string whole = read_all(bytes, bytes.size());
  for (size_t piece = 1; piece < bytes.size(); ++piece) {
    const std::string seen = read_all(bytes, piece);
    if (seen != whole) return "in pieces of " + std::to_string(piece) + ": " + seen + ", at once: " + whole;
  }
  return whole;
}

TEST(RequestReader, ReadsTheSameHoweverTheBytesAreCut) {
  EXPECT_EQ(read_in_all_pieces("GET /a?x=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"), "GET /a []");
  EXPECT_EQ(read_in_all_pieces("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"), "POST /a [hello]");
  EXPECT_EQ(read_in_all_pieces("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "5\r\nhello\r\n7;ext=\"a;b\"\r\n, world\r\n0\r\nTrailer: x\r\n\r\n"),
            "POST /a [hello, world]");
}

TEST(RequestReader, RequestsInARowKeepTheirOrderAndTheirBodies) {
  EXPECT_EQ(read_in_all_pieces("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
                               "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nGET\r\n"
                               "POST /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
                               "GET /4 HTTP/1.1\r\nHost: h\r\n\r\n"),
            "GET /1 []|POST /2 [GET]|POST /3 [x]|GET /4 []");
}

TEST(RequestReader, WhatBreaksIsRefusedAtTheSamePlaceHoweverTheBytesAreCut) {
  EXPECT_EQ(read_in_all_pieces("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\nHost: h\r\n\r\n"), "GET /1 []|400");
  EXPECT_EQ(read_in_all_pieces("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX"), "");  // not whole yet
  EXPECT_EQ(read_in_all_pieces("GET /" + std::string(600, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n"), "414");
}

TEST(RequestReader, TrailersAddNoHeaders) {
  RequestReader reader(kLimits);
  const std::string bytes = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "0\r\nAuthorization: Bearer x\r\n\r\n";
  std::memcpy(reader.prepare().data(), bytes.data(), bytes.size());
  ASSERT_EQ(reader.commit(bytes.size()), State::kHeadDone);
  ASSERT_EQ(reader.accept_body(), State::kDone);
  EXPECT_EQ(reader.request().header("authorization"), "");
}

TEST(RequestReader, ABodyPastItsBoundIsRefusedWithoutReadingIt) {
  EXPECT_EQ(read_all("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n", 1000), "413");
  EXPECT_EQ(read_all("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n", 1000), "413");
  EXPECT_EQ(read_all("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(3000, 'x'), 4000),
            "400")
      << "an extension of a chunk without an end";
}

TEST(ParseHost, TakesNamesAndAddressesWithPorts) {
  const auto host = parse_host("LocalHost:8188");
  ASSERT_TRUE(host);
  EXPECT_EQ(host->host, "localhost");
  EXPECT_EQ(host->port, "8188");
  EXPECT_EQ(parse_host("[::1]:80")->host, "[::1]");
  EXPECT_EQ(parse_host("[::1]:80")->port, "80");
  for (const char* text : {"", ":80", "a:", "a:b", "a:123456", "[::1", "::1", "[]", "[::1]x", "a/b", "a@b", "a b", "[g]"}) {
    EXPECT_FALSE(parse_host(text)) << text;
  }
}

}  // namespace
}  // namespace heddle::server
