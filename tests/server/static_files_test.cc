#include <gtest/gtest.h>

#include <fstream>

#include "engine/server/caching.h"
#include "tests/server/http_testing.h"

namespace heddle::server {
namespace {
namespace fs = std::filesystem;

class StaticFiles : public testing::Test {
 protected:
  StaticFiles() {
    for (const char* name : {"index.html", "assets/app-1.js", "assets/app.css", "assets/logo.WEBP", "assets/index-en.json",
                             "assets/data.json", "assets/x.mjs", "assets/x.wasm", "assets/x.svg", "assets/x.woff2",
                             "assets/x.ico", "assets/x.map", "assets/x.bin", ".env"}) {
      fs::create_directories((site_ / name).parent_path());
      std::ofstream(site_ / name) << name;
    }
    std::ofstream(folder_.path / "secret.txt") << "secret";
    fs::create_symlink(folder_.path / "secret.txt", site_ / "link.txt");
  }

  Response ask(std::string path, std::string method = "GET") {
    Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    return folder_files(site_)(request);
  }
  static std::string header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }
  TestFolder folder_{"static_files"};
  const fs::path site_ = folder_.path / "site";
};

TEST_F(StaticFiles, TheIndexIsAskedForEveryTime) {
  for (const char* path : {"/", "/index.html"}) {
    const Response response = ask(path);
    EXPECT_EQ(response.file, site_ / "index.html");
    EXPECT_EQ(response.type, "text/html; charset=utf-8");
    EXPECT_EQ(header(response, "Cache-Control"), "no-cache");
    EXPECT_EQ(header(response, "Pragma"), "no-cache");
    EXPECT_EQ(header(response, "Expires"), "0");
  }
}

TEST_F(StaticFiles, TypesAndCachingGoByTheName) {
  struct Case {
    const char *name, *type, *caching;
  };
  const Case cases[] = {
      {"app-1.js", "text/javascript; charset=utf-8", "no-cache"},
      {"app.css", "text/css; charset=utf-8", "no-cache"},
      {"index-en.json", "application/json; charset=utf-8", "no-cache"},
      {"data.json", "application/json; charset=utf-8", ""},
      {"logo.WEBP", "image/webp", "public, max-age=86400"},
      {"x.mjs", "text/javascript; charset=utf-8", ""},
      {"x.wasm", "application/wasm", ""},
      {"x.svg", "image/svg+xml", ""},
      {"x.woff2", "font/woff2", ""},
      {"x.ico", "image/vnd.microsoft.icon", ""},
      {"x.map", "application/json; charset=utf-8", ""},
      {"x.bin", "application/octet-stream", ""},
  };
  for (const Case& each : cases) {
    const Response response = ask("/assets/" + std::string(each.name));
    EXPECT_EQ(response.status, 200) << each.name;
    EXPECT_EQ(response.type, each.type) << each.name;
    EXPECT_EQ(header(response, "Cache-Control"), each.caching) << each.name;
  }
}

TEST(Caching, OfAnyAnswerGoesByItsPathAndStatus) {
  struct Case {
    const char* path;
    int status;
    const char* caching;
  };
  for (const auto& [path, status, caching] : std::initializer_list<Case>{{"/api/userdata/user.css", 404, "no-cache"},
                                                                         {"/a/b.PNG", 404, "public, max-age=3600"},
                                                                         {"/a/b.png", 206, "public, max-age=86400"},
                                                                         {"/a/b.png", 302, "no-cache"},
                                                                         {"/a/b.png", 304, ""},
                                                                         {"/view", 200, ""}}) {
    Response response = text_response("", status);
    add_caching(path, response);
    EXPECT_EQ(response.headers, *caching ? Fields({{"Cache-Control", caching}}) : Fields()) << path << status;
  }
  Response own;
  own.headers = {{"cache-control", "no-store"}};
  add_caching("/a.js", own);
  EXPECT_EQ(own.headers.size(), 1U);
}

TEST_F(StaticFiles, NothingElseIsThere) {
  for (const char* path : {"/nothing", "/assets/nothing.js", "/assets/app.css/", "/.env", "/link.txt", "/../secret.txt",
                           "/%2e%2e/secret.txt", "/assets/%2e%2e/%2e%2e/secret.txt", "/..%2fsecret.txt",
                           "/assets%2F..%2F..%2Fsecret.txt", "//etc/passwd", "/%2Fetc/passwd", "/..%5csecret.txt",
                           "/%252e%252e/secret.txt", "/assets/app.css%00.html", "/%c0%ae%c0%ae/secret.txt",
                           "/%ef%bc%8e%ef%bc%8e/secret.txt"}) {
    EXPECT_EQ(ask(path).status, 404) << path;
    EXPECT_FALSE(ask(path).file) << path;
  }
  EXPECT_EQ(header(ask("/nothing.png"), "Cache-Control"), "public, max-age=3600");
  EXPECT_EQ(ask("/assets").status, 403) << "folders are not listed";
  EXPECT_EQ(ask("/assets/").status, 403);
  EXPECT_EQ(ask("/", "POST").status, 405);
  EXPECT_EQ(ask("/assets/app.css", "HEAD").status, 200);
}

}  // namespace
}  // namespace heddle::server
