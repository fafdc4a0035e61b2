#include "engine/server/guard.h"

#include <gtest/gtest.h>

namespace heddle::server {
namespace {

Request request(std::string method, std::string path, Fields headers) {
  Request made;
  made.method = std::move(method);
  made.path = std::move(path);
  made.headers = std::move(headers);
  return made;
}

int status(const Guard& guard, const Request& asked) {
  const auto refusal = guard.refuse(asked);
  return refusal ? refusal->status : 200;
}

std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

struct HostCase {
  const char* host;
  int status;
};

TEST(GuardHost, ALoopbackServerAnswersToItsOwnNamesOnly) {
  GuardSettings settings;
  settings.allowed_hosts = {"Pictures.lan:8188", "studio"};
  const Guard guard(settings);
  const HostCase cases[] = {
      {"localhost", 200}, {"localhost:8188", 200}, {"LOCALHOST:1", 200}, {"127.0.0.1", 200}, {"127.0.0.1:8188", 200},
      {"127.1.2.3", 200}, {"[::1]", 200}, {"[::1]:8188", 200}, {"heddle.localhost:8188", 200},
      {"pictures.lan:8188", 200}, {"pictures.lan:9999", 403}, {"pictures.lan", 403}, {"studio", 200},
      {"studio:8188", 200}, {"evil.example", 403}, {"evil.example:8188", 403}, {"localhost.evil.example", 403},
      {"127.0.0.1.evil.example", 403}, {"127.evil.example", 403}, {"notlocalhost", 403}, {"192.168.1.5:8188", 403},
      {"0.0.0.0:8188", 403}, {"[::]", 403}, {"::1", 403}, {"", 403}, {"localhost:", 403}, {"localhost:x", 403},
      {"localhost@evil.example", 403}, {"evil.example#localhost", 403}, {"localhost.", 403}, {"[::1", 403},
      {"[::1]x", 403}, {"127.0.0.1:8188:80", 403}, {"local host", 403}, {"2130706433", 403}, {"0x7f.1", 403},
  };
  for (const HostCase& each : cases) {
    EXPECT_EQ(status(guard, request("GET", "/", {{"host", each.host}})), each.status) << each.host;
  }
  EXPECT_EQ(status(guard, request("GET", "/", {})), 200) << "HTTP/1.0 without a Host comes from no browser";
}

TEST(GuardHost, ElsewhereNamesCountOnlyWhereTheyAreGiven) {
  GuardSettings settings;
  settings.loopback = false;
  settings.token = "secret";
  const Fields headers = {{"host", "any.example"}, {"authorization", "Bearer secret"}};
  EXPECT_EQ(status(Guard(settings), request("GET", "/", headers)), 200);
  settings.allowed_hosts = {"pictures.lan"};
  EXPECT_EQ(status(Guard(settings), request("GET", "/", headers)), 403);
  settings.allowed_hosts = {"any.example"};
  EXPECT_EQ(status(Guard(settings), request("GET", "/", headers)), 200);
}

struct OriginCase {
  const char *host, *origin;
  int status;
};

TEST(GuardOrigin, PagesOfOtherOriginsAreRefusedOnEveryRoute) {
  GuardSettings settings;
  settings.allowed_origins = {"https://Studio.example", "http://localhost:3000/"};
  const Guard guard(settings);
  const OriginCase cases[] = {
      {"localhost:8188", "http://localhost:8188", 200}, {"127.0.0.1:8188", "http://127.0.0.1:8188", 200},
      {"[::1]:8188", "http://[::1]:8188", 200}, {"LocalHost:8188", "http://LOCALHOST:8188", 200},
      {"localhost", "https://localhost:8443", 200},  // a proxy that drops the port
      {"localhost:8188", "http://localhost", 200},   // ComfyUI compares no port there
      {"127.0.0.1:8188", "http://localhost:8188", 403}, {"localhost:8188", "http://127.0.0.1:8188", 403},
      {"localhost:8188", "http://localhost:8189", 403}, {"localhost:8188", "https://evil.example", 403},
      {"localhost:8188", "null", 403}, {"localhost:8188", "file://", 403},
      {"localhost:8188", "http://localhost:8188.evil.example", 403},
      {"localhost:8188", "http://evil.example/http://localhost:8188", 403},
      {"localhost:8188", "http://user@localhost:8188", 403}, {"localhost:8188", "localhost:8188", 403},
      {"localhost:8188", "chrome-extension://localhost:8188", 403}, {"localhost:8188", "http://", 403},
      {"localhost:8188", "https://studio.example", 200}, {"localhost:8188", "http://localhost:3000", 200},
      {"localhost:8188", "http://studio.example", 403}, {"localhost:8188", "https://studio.example:444", 403},
      {"localhost:8188", "https://studio.example.evil.example", 403},
  };
  for (const OriginCase& each : cases) {
    for (const char* method : {"GET", "POST", "OPTIONS"}) {
      const int got = status(guard, request(method, "/prompt", {{"host", each.host}, {"origin", each.origin}}));
      EXPECT_EQ(got, each.status) << method << " " << each.host << ' ' << each.origin;
    }
  }
}

TEST(GuardOrigin, CrossSiteRequestsWithoutAnOriginMayNotChangeAnything) {
  const Guard guard{GuardSettings{}};
  const auto from = [&](const char* method, const char* site, const char* mode) {
    return status(guard, request(method, "/", {{"host", "localhost"}, {"sec-fetch-site", site}, {"sec-fetch-mode", mode}}));
  };
  EXPECT_EQ(from("POST", "cross-site", "no-cors"), 403);
  EXPECT_EQ(from("DELETE", "cross-site", "cors"), 403);
  EXPECT_EQ(from("GET", "cross-site", "navigate"), 200) << "a link to us on another page";
  EXPECT_EQ(from("POST", "same-origin", "cors"), 200);
  EXPECT_EQ(from("POST", "none", "navigate"), 200);
}

TEST(GuardCors, PreflightsOfAllowedOriginsAreAnswered) {
  GuardSettings settings;
  settings.allowed_origins = {"https://studio.example"};
  settings.token = "secret";
  const Guard guard(settings);
  const Request preflight = request("OPTIONS", "/prompt", {{"host", "localhost"}, {"origin", "https://studio.example"},
                                                           {"access-control-request-method", "POST"}});
  EXPECT_EQ(guard.refuse(preflight)->status, 204) << "without a token: a browser sends none there";
  const Fields headers = guard.cors_headers(preflight);
  EXPECT_NE(std::find(headers.begin(), headers.end(),
                      std::pair<std::string, std::string>("Access-Control-Allow-Origin", "https://studio.example")),
            headers.end());
  EXPECT_TRUE(guard.cors_headers(request("GET", "/", {{"origin", "http://localhost"}})).empty());
  EXPECT_TRUE(guard.cors_headers(request("GET", "/", {})).empty());
}

class GuardToken : public testing::Test {
 protected:
  static GuardSettings settings() {
    GuardSettings made;
    made.loopback = false;
    made.token = "s3cret token";
    return made;
  }
  Response log_in(const std::string& body) {
    Request login = request("POST", "/login", {});
    login.body = body;
    return guard_.login(login);
  }
  const Guard guard_{settings()};
};

TEST_F(GuardToken, IsTakenFromTheAuthorizationHeader) {
  const std::pair<const char*, int> cases[] = {
      {"Bearer s3cret token", 200}, {"bearer  s3cret token ", 200}, {"Bearer s3cret", 401}, {"Bearer ", 401},
      {"Bearer", 401}, {"", 401}, {"Basic s3cret token", 401}, {"s3cret token", 401}, {"Bearer S3CRET TOKEN", 401},
      {"Bearer s3cret tokens", 401},
  };
  for (const auto& [value, expected] : cases) {
    EXPECT_EQ(status(guard_, request("GET", "/v1/jobs", {{"authorization", value}})), expected) << value;
  }
  EXPECT_EQ(status(guard_, request("GET", "/v1/jobs", {{"authorization", "Bearer " + std::string(100'000, 'x')}})), 401);
}

TEST_F(GuardToken, IsNeverTakenFromTheQuery) {
  Request asked = request("GET", "/v1/jobs", {});
  asked.query = {{"token", "s3cret token"}, {"access_token", "s3cret token"}};
  EXPECT_EQ(status(guard_, asked), 401);
}

TEST_F(GuardToken, ProgramsGetAProblemAndBrowsersThePageToLogIn) {
  const auto problem = guard_.refuse(request("GET", "/v1/jobs", {{"accept", "*/*"}}));
  EXPECT_EQ(problem->status, 401);
  EXPECT_EQ(problem->type, "application/problem+json");
  EXPECT_EQ(header(*problem, "WWW-Authenticate"), "Bearer");
  const auto page = guard_.refuse(request("GET", "/", {{"accept", "text/html,application/xhtml+xml"}}));
  EXPECT_EQ(page->status, 303);
  EXPECT_EQ(header(*page, "Location"), "/login");
}

TEST_F(GuardToken, LoginAndHealthAreOpenAndNothingThatOnlyLooksLikeThem) {
  for (const char* path : {"/login", "/healthz", "/readyz"}) EXPECT_EQ(status(guard_, request("GET", path, {})), 200);
  for (const char* path : {"/login/", "/login/x", "/%6cogin", "/healthzz", "//login", "/api/login", "/LOGIN"}) {
    EXPECT_EQ(status(guard_, request("GET", path, {})), 401) << path;
  }
}

TEST_F(GuardToken, LoggingInGivesACookieThatIsNotTheToken) {
  EXPECT_EQ(guard_.login(request("GET", "/login", {})).status, 200);
  EXPECT_EQ(log_in("token=wrong").status, 401);
  EXPECT_EQ(log_in("").status, 401);
  const Response done = log_in("token=s3cret+token");
  EXPECT_EQ(done.status, 303);
  const std::string cookie = header(done, "Set-Cookie");
  EXPECT_NE(cookie.find("HttpOnly"), std::string::npos);
  EXPECT_NE(cookie.find("SameSite=Strict"), std::string::npos);
  EXPECT_EQ(cookie.find("s3cret"), std::string::npos);

  const std::string value = cookie.substr(0, cookie.find(';'));
  EXPECT_EQ(status(guard_, request("GET", "/", {{"cookie", value}})), 200);
  EXPECT_EQ(status(guard_, request("GET", "/", {{"cookie", "a=b; " + value + "; c=d"}})), 200);
  EXPECT_EQ(status(guard_, request("GET", "/", {{"cookie", value + "0"}})), 401);
  EXPECT_EQ(status(guard_, request("GET", "/", {{"cookie", "heddle_session=s3cret token"}})), 401);
  EXPECT_EQ(status(guard_, request("GET", "/", {{"cookie", "x" + value}})), 401);
  GuardSettings other = settings();
  other.token = "another";
  EXPECT_EQ(status(Guard(other), request("GET", "/", {{"cookie", value}})), 401);
}

TEST_F(GuardToken, ForeignOriginsAreRefusedEvenWithIt) {
  EXPECT_EQ(status(guard_, request("POST", "/prompt", {{"host", "a.example"}, {"origin", "http://b.example"},
                                                       {"authorization", "Bearer s3cret token"}})),
            403);
}

TEST(Guard, WithoutATokenThereIsNothingToLogInTo) {
  EXPECT_EQ(Guard(GuardSettings{}).login(request("GET", "/login", {})).status, 303);
}

}  // namespace
}  // namespace heddle::server
