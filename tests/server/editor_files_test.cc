#include "engine/server/editor_files.h"

#include <gtest/gtest.h>

#include "tests/server/site_testing.h"

namespace heddle::server {
namespace {

constexpr EmbeddedFile kSite[] = {{"index.html", "<p>page</p>"}, {"assets/app-1.js", "run()"}, {"icon.svg", "<svg/>"}};

Response asked(const std::string& path, const std::string& etag = "", const std::string& method = "GET") {
  Request request;
  request.method = method;
  request.path = path;
  if (!etag.empty()) request.headers = {{"if-none-match", etag}};
  return editor_files(kSite)(request);
}

TEST(EditorFiles, ThePageIsAtTheRootAndAskedForAgain) {
  const Response page = asked("/");
  EXPECT_EQ(page.body, "<p>page</p>");
  EXPECT_EQ(page.type, "text/html; charset=utf-8");
  EXPECT_EQ(test::header_of(page, "Cache-Control"), "no-cache");
  EXPECT_NE(test::header_of(page, "Content-Security-Policy").find("script-src 'self';"), std::string::npos);
  const std::string etag = test::header_of(page, "ETag");
  EXPECT_EQ(asked("/index.html", etag).status, 304);
  EXPECT_EQ(asked("/index.html", etag).body, "");
  EXPECT_EQ(asked("/icon.svg", etag).status, 200);
}

TEST(EditorFiles, WhatHasAHashInItsNameIsKept) {
  const Response script = asked("/assets/app-1.js");
  EXPECT_EQ(script.body, "run()");
  EXPECT_EQ(script.type, "text/javascript; charset=utf-8");
  EXPECT_EQ(test::header_of(script, "Cache-Control"), "public, max-age=31536000, immutable");
}

TEST(EditorFiles, NothingElseIsThere) {
  for (const char* path : {"/nothing", "/assets", "/assets/../index.html", "//index.html"}) {
    EXPECT_EQ(asked(path).status, 404) << path;
  }
  EXPECT_EQ(asked("/", "", "POST").status, 405);
}

}  // namespace
}  // namespace heddle::server
