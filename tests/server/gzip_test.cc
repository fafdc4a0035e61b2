#include "engine/server/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace heddle::server {
namespace {

std::string inflated(const std::string& bytes) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = inflate(&stream, Z_FINISH);
  out.resize(result == Z_STREAM_END ? stream.total_out : 0);
  inflateEnd(&stream);
  return out;
}

bool is_compressed(Response response, const std::string& accepts) {
  Request request;
  request.headers = {{"accept-encoding", accepts}};
  const std::string body = response.body;
  compress_body(request, response);
  const bool changed = response.body != body;
  if (changed) EXPECT_EQ(inflated(response.body), body);
  return changed;
}

TEST(Gzip, LongTextsAreCompressedForThoseWhoTakeIt) {
  const Response text = text_response(std::string(5'000, 'x'));
  EXPECT_TRUE(is_compressed(text, "gzip"));
  EXPECT_TRUE(is_compressed(text, "deflate, gzip;q=0.5, br"));
  EXPECT_TRUE(is_compressed(json_response(Json(std::string(5'000, 'x'))), "gzip"));
  EXPECT_FALSE(is_compressed(text, ""));
  EXPECT_FALSE(is_compressed(text, "br, xgzip"));
  EXPECT_FALSE(is_compressed(text, "gzip;q=0"));
  EXPECT_FALSE(is_compressed(text, "gzip; q=0.0, br"));
}

TEST(Gzip, WhatIsShortOrNoTextStaysAsItIs) {
  EXPECT_FALSE(is_compressed(text_response("short"), "gzip"));
  Response picture = text_response(std::string(5'000, 'x'));
  picture.type = "image/png";
  EXPECT_FALSE(is_compressed(picture, "gzip"));
  Response encoded = text_response(std::string(5'000, 'x'));
  encoded.headers = {{"Content-Encoding", "br"}};
  EXPECT_FALSE(is_compressed(encoded, "gzip"));
}

}  // namespace
}  // namespace heddle::server
