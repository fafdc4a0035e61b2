#include "engine/server/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace heddle::server {
namespace {
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

// --- Percent coding and queries --------------------------------------------------------------------------------------

TEST(PercentCoding, DecodesWhatItEncodes) {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(percent_decoded(percent_encoded(all)), all);
  EXPECT_EQ(percent_encoded("workflows/a b.json"), "workflows%2Fa%20b.json");
  EXPECT_EQ(percent_encoded("a-Z_0.9~"), "a-Z_0.9~");
}

TEST(PercentCoding, BrokenEscapesAndNulAreNothing) {
  for (const char* text : {"%", "%2", "a%", "%g1", "%1g", "%%20", "%00", "x%00y", "%u0041"}) {
    EXPECT_EQ(percent_decoded(text), std::nullopt) << text;
  }
  EXPECT_EQ(percent_decoded("%41%2f%2F"), "A//");
  EXPECT_EQ(percent_decoded("%2525"), "%25") << "once, not twice";
}

TEST(PercentCoding, PlusIsASpaceInQueriesOnly) {
  EXPECT_EQ(percent_decoded("a+b"), "a+b");
  EXPECT_EQ(percent_decoded("a+b%2B", true), "a b+");
}

TEST(Query, IsReadInOrderWithRepeatedAndEmptyValues) {
  EXPECT_THAT(parse_query("filename=a%20b.png&type=&x&filename=c+d&&=e"),
              ElementsAre(Pair("filename", "a b.png"), Pair("type", ""), Pair("x", ""), Pair("filename", "c d"),
                          Pair("", "e")));
  EXPECT_THAT(parse_query(""), IsEmpty());
}

TEST(Query, BrokenEscapesStayAsTheyAre) {
  EXPECT_THAT(parse_query("a=100%&b=%zz"), ElementsAre(Pair("a", "100%"), Pair("b", "%zz")));
}

TEST(Query, TheFirstOfSeveralParametersCounts) {
  Request request;
  request.query = parse_query("a=1&a=2");
  EXPECT_EQ(request.parameter("a"), "1");
  EXPECT_EQ(request.parameter("b"), std::nullopt);
}

TEST(Responses, JsonIsWrittenAsComfyUIWritesIt) {
  const Response response = json_response({{"name", "ä"}, {"n", 1}}, 201);
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.type, "application/json; charset=utf-8");
  EXPECT_EQ(response.body, R"({"name": "\u00e4", "n": 1})");
}

// --- Routes ----------------------------------------------------------------------------------------------------------

Handler nothing() {
  return [](const Request&) { return empty_response(); };
}

class RoutesTest : public testing::Test {
 protected:
  std::string found(std::string_view method, std::string_view path) {
    const Route* route = routes_.find(method, path, captures_, allowed_);
    return route ? route->method + " " + route->pattern : "";
  }
  Routes routes_;
  std::vector<std::string> captures_;
  std::string allowed_;
};

TEST_F(RoutesTest, LiteralSegmentsWinOverCaptures) {
  routes_.add("GET", "/v1/jobs/{id}", nothing());
  routes_.add("GET", "/v1/jobs/stats", nothing());
  routes_.add("GET", "/v1/jobs/{id}/events", nothing());
  EXPECT_EQ(found("GET", "/v1/jobs/stats"), "GET /v1/jobs/stats");
  EXPECT_EQ(found("GET", "/v1/jobs/17"), "GET /v1/jobs/{id}");
  EXPECT_THAT(captures_, ElementsAre("17"));
  EXPECT_EQ(found("GET", "/v1/jobs/stats/events"), "GET /v1/jobs/{id}/events") << "goes back where a literal leads nowhere";
  EXPECT_THAT(captures_, ElementsAre("stats"));
}

TEST_F(RoutesTest, CapturesAreOneSegmentDecodedAfterSplitting) {
  routes_.add("GET", "/userdata/{file}", nothing());
  routes_.add("POST", "/userdata/{file}/move/{dest}", nothing());
  EXPECT_EQ(found("GET", "/userdata/workflows%2Fa%20b.json"), "GET /userdata/{file}");
  EXPECT_THAT(captures_, ElementsAre("workflows/a b.json"));
  EXPECT_EQ(found("POST", "/userdata/a%2Fb/move/c%2Fd"), "POST /userdata/{file}/move/{dest}");
  EXPECT_THAT(captures_, ElementsAre("a/b", "c/d"));
  EXPECT_EQ(found("GET", "/userdata/workflows/a.json"), "");
  EXPECT_EQ(found("GET", "/userdata/"), "");
  EXPECT_EQ(found("GET", "/userdata/%zz"), "");
  EXPECT_EQ(found("GET", "/userdata/%00"), "");
}

TEST_F(RoutesTest, ARestTakesAllSegmentsAndComesLast) {
  routes_.add("GET", "/extensions/{path...}", nothing());
  routes_.add("GET", "/extensions/core/{name}", nothing());
  EXPECT_EQ(found("GET", "/extensions/x/y/z.js"), "GET /extensions/{path...}");
  EXPECT_THAT(captures_, ElementsAre("x/y/z.js"));
  EXPECT_EQ(found("GET", "/extensions/core/a.js"), "GET /extensions/core/{name}");
  EXPECT_EQ(found("GET", "/extensions/core/a/b.js"), "GET /extensions/{path...}");
  EXPECT_THAT(captures_, ElementsAre("core/a/b.js"));
  EXPECT_EQ(found("GET", "/extensions/"), "");
  EXPECT_EQ(found("GET", "/extensions"), "");
}

TEST_F(RoutesTest, BothRegistersUnderApiToo) {
  routes_.add_both("GET", "/prompt", nothing());
  routes_.add_both("GET", "/", nothing());
  EXPECT_EQ(found("GET", "/prompt"), "GET /prompt");
  EXPECT_EQ(found("GET", "/api/prompt"), "GET /api/prompt");
  EXPECT_EQ(found("GET", "/"), "GET /");
  EXPECT_EQ(found("GET", "/api/"), "GET /api/");
  EXPECT_EQ(found("GET", "/api"), "");
  EXPECT_EQ(found("GET", "/api/api/prompt"), "");
}

TEST_F(RoutesTest, GetAnswersHeadAndOtherMethodsAreListed) {
  routes_.add("GET", "/queue", nothing());
  routes_.add("POST", "/queue", nothing());
  routes_.add("DELETE", "/{any}", nothing());
  EXPECT_EQ(found("HEAD", "/queue"), "GET /queue");
  EXPECT_EQ(found("DELETE", "/queue"), "DELETE /{any}") << "a capture may know the method that the literal does not";
  EXPECT_EQ(found("PUT", "/queue"), "");
  EXPECT_EQ(allowed_, "GET, HEAD, POST, DELETE");
  EXPECT_EQ(found("PUT", "/nothing/here"), "");
  EXPECT_EQ(allowed_, "");
}

TEST_F(RoutesTest, PathsAreTakenLiterally) {
  routes_.add("GET", "/a/b", nothing());
  for (const char* path : {"", "a/b", "/a/b/", "//a/b", "/a//b", "/A/b", "/a/./b", "/a/../a/b", "/a/b?x"}) {
    EXPECT_EQ(found("GET", path), "") << path;
  }
  EXPECT_EQ(found("GET", "/%61/b"), "GET /a/b");
}

TEST_F(RoutesTest, AMistakeInTheTableIsFoundAtOnce) {
  routes_.add("GET", "/a", nothing());
  EXPECT_THROW(routes_.add("GET", "/a", nothing()), std::logic_error);
  EXPECT_THROW(routes_.add("GET", "a", nothing()), std::logic_error);
  EXPECT_THROW(routes_.add("GET", "/{all...}/x", nothing()), std::logic_error);
}

// --- Forms -----------------------------------------------------------------------------------------------------------

Request form(std::string body, std::string type = "multipart/form-data; boundary=XX") {
  Request request;
  request.headers = {{"content-type", std::move(type)}};
  request.body = std::move(body);
  return request;
}

TEST(Form, PartsAreReadWithNamesFilesAndTypes) {
  const Request request = form(
      "--XX\r\nContent-Disposition: form-data; name=\"image\"; filename=\"h\xC3\xA4us (1).png\"\r\n"
      "Content-Type: image/png\r\n\r\n\x89PNG\r\n--X\r\n\r\n--XX\r\n"
      "content-disposition: form-data; name=overwrite\r\n\r\ntrue\r\n--XX--\r\n");
  const auto parts = parse_form(request);
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 2u);
  EXPECT_EQ((*parts)[0].name, "image");
  EXPECT_EQ((*parts)[0].filename, "häus (1).png");
  EXPECT_TRUE((*parts)[0].is_file);
  EXPECT_EQ((*parts)[0].type, "image/png");
  EXPECT_EQ((*parts)[0].content, "\x89PNG\r\n--X\r\n") << "what begins like a boundary is content";
  EXPECT_EQ((*parts)[1].name, "overwrite");
  EXPECT_FALSE((*parts)[1].is_file);
  EXPECT_EQ((*parts)[1].content, "true");
}

TEST(Form, FileNamesInEveryWriting) {
  const std::pair<const char*, const char*> cases[] = {
      {"filename=plain.png", "plain.png"},
      {"filename=\"a;b.png\"", "a;b.png"},
      {"filename=\"a\\\"b.png\"", "a\"b.png"},
      {"filename=\"C:\\pictures\\x.png\"", "C:\\pictures\\x.png"},
      {"filename=\"h.png\"; filename*=utf-8''h%C3%A4user.png", "häuser.png"},
      {"filename*=UTF-8'de'h%C3%A4user.png; filename=\"h.png\"", "häuser.png"},
      {"filename=\"h.png\"; filename*=koi8-r''%FF", "h.png"},
      {"FileName = \"h.png\"", "h.png"},
      {"filename=\"\"", ""},
      {"filename=\"unclosed", "unclosed"},
  };
  for (const auto& [written, expected] : cases) {
    const Request request = form("--XX\r\nContent-Disposition: form-data; name=\"f\"; " + std::string(written) +
                                 "\r\n\r\nx\r\n--XX--");
    const auto parts = parse_form(request);
    ASSERT_TRUE(parts && parts->size() == 1) << written;
    EXPECT_EQ((*parts)[0].filename, expected) << written;
    EXPECT_TRUE((*parts)[0].is_file) << written;
  }
}

TEST(Form, OddButWellFormedBodiesAreRead) {
  EXPECT_EQ(parse_form(form("--XX--"))->size(), 0u);
  EXPECT_EQ(parse_form(form("preamble\r\n--XX\r\n\r\nx\r\n--XX--epilogue"))->size(), 1u);
  EXPECT_EQ(parse_form(form("--XX  \r\nA: b\r\n\r\n\r\n--XX--"))->at(0).content, "");
  EXPECT_EQ(parse_form(form("--XX\r\nA: b\r\n\r\n--XX--"))->at(0).content, "") << "no line break before the boundary";
  EXPECT_EQ(parse_form(form("--X Y\r\nA: b\r\n\r\nq\r\n--X Y--", "Multipart/Form-Data; boundary=\"X Y\""))->size(), 1u);
}

TEST(Form, WhatIsNoFormIsNothing) {
  const std::string part = "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n";
  EXPECT_FALSE(parse_form(form(part + "--XX--", "application/json")));
  EXPECT_FALSE(parse_form(form(part + "--XX--", "multipart/form-data")));
  EXPECT_FALSE(parse_form(form(part + "--XX--", "multipart/form-data; boundary=")));
  EXPECT_FALSE(parse_form(form(part + "--XX--", "multipart/form-data; boundary=" + std::string(71, 'X'))));
  EXPECT_FALSE(parse_form(form("")));
  EXPECT_FALSE(parse_form(form(part))) << "not closed";
  EXPECT_FALSE(parse_form(form("--XX\r\nno end of the head"))) << "not closed";
  EXPECT_FALSE(parse_form(form("--XXY\r\n\r\nx\r\n--XX--"))) << "another boundary";
  EXPECT_FALSE(parse_form(form("--XX\r\n" + std::string(20'000, 'a') + "\r\n\r\nx\r\n--XX--"))) << "a head too long";
  std::string many;
  for (int i = 0; i < 300; ++i) many += part;
  EXPECT_FALSE(parse_form(form(many + "--XX--"))) << "too many parts";
}

}  // namespace
}  // namespace heddle::server
