#include "engine/server/file_answer.h"

#include <gtest/gtest.h>

#include <fstream>

#include "engine/server/response_head.h"
#include "tests/server/http_testing.h"

namespace heddle::server {
namespace {

std::string ranged(std::string_view range, uint64_t size) {
  const RangeChoice choice = choose_range(range, size);
  if (choice.kind == RangeChoice::kWhole) return "whole";
  if (choice.kind == RangeChoice::kNone) return "none";
  return std::to_string(choice.at) + "+" + std::to_string(choice.size);
}

TEST(Range, OneRangeIsUnderstoodAndAllElseIsTheWholeFile) {
  const std::pair<const char*, const char*> cases[] = {
      {"bytes=0-0", "0+1"}, {"bytes=2-5", "2+4"}, {"bytes=2-", "2+8"}, {"bytes=-3", "7+3"}, {"bytes=-30", "0+10"},
      {"bytes=5-99", "5+5"}, {"bytes=9-9", "9+1"}, {"bytes=10-", "none"}, {"bytes=10-20", "none"}, {"bytes=-0", "none"},
      {"", "whole"}, {"bytes=", "whole"}, {"bytes=-", "whole"}, {"bytes=5-2", "whole"}, {"bytes=0-1,4-5", "whole"},
      {"bytes=a-b", "whole"}, {"bytes= 1-2", "whole"}, {"items=0-1", "whole"}, {"bytes=0x1-2", "whole"},
      {"bytes=99999999999999999999-", "whole"}, {"bytes=1--2", "whole"}, {"Bytes=0-1", "whole"},
  };
  for (const auto& [range, expected] : cases) EXPECT_EQ(ranged(range, 10), expected) << range;
  EXPECT_EQ(ranged("bytes=0-", 0), "none");
  EXPECT_EQ(ranged("bytes=-1", 0), "none");
}

TEST(HttpDate, IsWrittenAndReadInItsOneForm) {
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
  for (const char* text : {"", "yesterday", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET",
                           "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov -994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:3x GMT"}) {
    EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
  }
}

TEST(Head, ValuesCannotSplitAResponse) {
  Response response = text_response("x");
  response.headers = {{"Content-Disposition", "filename=\"a\r\nSet-Cookie: x=y\r\n\r\n<html>\""}};
  const std::string head = response_head(response, {}, {});
  EXPECT_EQ(head.find("\r\nSet-Cookie"), std::string::npos);
  EXPECT_EQ(head.find("\r\n\r\n"), head.size() - 4);
}

class FileAnswerTest : public testing::Test {
 protected:
  FileAnswerTest() { std::ofstream(folder_.path / "a.txt") << "0123456789"; }

  // What is sent, and the status in status_.
  std::string sent(Fields headers) {
    Request request;
    request.method = "GET";
    request.headers = std::move(headers);
    response_ = {};
    response_.file = folder_.path / "a.txt";
    auto bytes = open_file_answer(request, response_);
    std::string all, piece;
    while (bytes && bytes->left > 0 && read_piece(*bytes, 3, piece)) all += piece;
    return std::to_string(response_.status) + " " + all;
  }
  std::string header(std::string_view name) const {
    for (const auto& [key, value] : response_.headers) {
      if (key == name) return value;
    }
    return "";
  }
  TestFolder folder_{"file_answer"};
  Response response_;
};

TEST_F(FileAnswerTest, PartsAndWholes) {
  EXPECT_EQ(sent({}), "200 0123456789");
  EXPECT_EQ(sent({{"range", "bytes=2-4"}}), "206 234");
  EXPECT_EQ(header("Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(sent({{"range", "bytes=10-"}}), "416 ");
  EXPECT_EQ(header("Content-Range"), "bytes */10");
  EXPECT_EQ(sent({{"range", "bytes=0-1,3-4"}}), "200 0123456789");
}

TEST_F(FileAnswerTest, WhatTheClientHasIsNotSentAgain) {
  sent({});
  const std::string tag = header("ETag"), date = header("Last-Modified");
  EXPECT_EQ(sent({{"if-none-match", tag}}), "304 ");
  EXPECT_EQ(sent({{"if-none-match", "\"x\", W/" + tag}}), "304 ");
  EXPECT_EQ(sent({{"if-none-match", "*"}}), "304 ");
  EXPECT_EQ(sent({{"if-none-match", "\"x\""}}), "200 0123456789");
  EXPECT_EQ(sent({{"if-none-match", "\"x\""}, {"if-modified-since", date}}), "200 0123456789") << "the tag counts";
  EXPECT_EQ(sent({{"if-modified-since", date}}), "304 ");
  EXPECT_EQ(sent({{"if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"}}), "200 0123456789");
  EXPECT_EQ(sent({{"if-range", tag}, {"range", "bytes=1-1"}}), "206 1");
  EXPECT_EQ(sent({{"if-range", "\"x\""}, {"range", "bytes=1-1"}}), "200 0123456789");
}

TEST_F(FileAnswerTest, AFileThatChangedWithinTheSecondHasAnotherTag) {
  sent({});
  const std::string tag = header("ETag");
  const auto path = folder_.path / "a.txt";
  std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) + std::chrono::milliseconds(1));
  sent({});
  EXPECT_NE(header("ETag"), tag);
}

TEST_F(FileAnswerTest, WhatIsNoPlainFileIsNotFound) {
  Request request;
  for (const std::string path : {std::string("/dev/zero"), folder_.path.string(), std::string("/nothing/here")}) {
    Response response;
    response.file = path;
    EXPECT_FALSE(open_file_answer(request, response));
    EXPECT_EQ(response.status, 404) << path;
  }
}

}  // namespace
}  // namespace heddle::server
