// Malformed and malicious input over real sockets: every row is what a client sends and the answers it gets until the
// server closes ("200 400" are two answers, "" is none). The client stops sending behind its bytes, so nothing waits.
#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>

#include "engine/server/safe_path.h"
#include "tests/server/socket_testing.h"

namespace heddle::server {
namespace {
namespace fs = std::filesystem;
using std::string;

struct Row {
  string name, bytes, expected;
};

string repeated(std::string_view text, int times) {
  string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

string operator""_s(const char* text, size_t size) { return {text, size}; }  // with its NULs

const string kHost = "Host: localhost\r\n";

// A request whose first line is `line`.
Row line(const string& text, const string& expected) { return {text, text + "\r\n" + kHost + "\r\n", expected}; }
// GET /hello with these headers and no others.
Row headers(const string& text, const string& expected) {
  return {text, "GET /hello HTTP/1.1\r\n" + text + "\r\n", expected};
}
// POST /echo with these headers and this body.
Row body(const string& more, const string& bytes, const string& expected) {
  return {more + bytes, "POST /echo HTTP/1.1\r\n" + kHost + more + "\r\n" + bytes, expected};
}
Row chunks(const string& bytes, const string& expected) { return body("Transfer-Encoding: chunked\r\n", bytes, expected); }
Row from(const string& host, const string& origin, const string& expected) {
  return {host + " " + origin, "GET /hello HTTP/1.1\r\nHost: " + host + "\r\n" + (origin.empty() ? "" : "Origin: " + origin + "\r\n") + "\r\n",
          expected};
}

class HostileRequests : public testing::Test {
 protected:
  HostileRequests() {
    fs::create_directories(site_ / "assets");
    fs::create_directories(site_ / ".git");
    for (const fs::path& path : {folder_.path / "secret.txt", site_ / ".hidden", site_ / ".git/config"}) {
      std::ofstream(path) << "secret";
    }
    std::ofstream(site_ / "index.html") << "index";
    std::ofstream(site_ / "assets/app.js") << "app";
    fs::create_symlink(folder_.path / "secret.txt", site_ / "link.txt");
    fs::create_directory_symlink(folder_.path, site_ / "up");
    server_.fallback = folder_files(site_);
    server_.routes.add("GET", "/inside/{path...}", [this](const Request& request) {
      const auto path = inside(site_, request.captures[0]);
      if (!path || !fs::is_regular_file(*path)) return text_response("404: Not Found", 404);
      Response response;
      response.file = *path;
      return response;
    });
    server_.start();
  }
  // Whatever came in, the server is still there, and lets go of those who came.
  ~HostileRequests() override {
    EXPECT_EQ(server_.ask(get("/hello")).body, "hello");
    server_.http->stop(std::chrono::seconds(20));
    EXPECT_EQ(server_.http->counts().connections, 0);
  }

  std::vector<Answered> answers(const string& bytes) {
    RawClient client(server_.port());
    client.send(bytes);
    client.end_sending();
    std::vector<Answered> all;
    for (Answered answer = client.read_answer(); answer.status; answer = client.read_answer()) {
      all.push_back(std::move(answer));
    }
    return all;
  }
  string statuses(const string& bytes) {
    string text;
    for (const Answered& answer : answers(bytes)) text += (text.empty() ? "" : " ") + std::to_string(answer.status);
    return text;
  }
  void expect(const std::vector<Row>& rows) {
    for (const Row& row : rows) EXPECT_EQ(statuses(row.bytes), row.expected) << row.name.substr(0, 200);
  }

  TestFolder folder_{"hostile_requests"};
  const fs::path site_ = folder_.path / "site";
  TestServer server_;
};

TEST_F(HostileRequests, FirstLines) {
  expect({
      {"nothing", "", ""},
      {"empty lines", "\r\n\r\n\r\n", ""},
      {"empty lines before", "\r\n\r\n" + get("/hello"), "200"},
      {"half a line", "GET /hel", ""},
      {"no end of the head", "GET /hello HTTP/1.1\r\nHost: localhost\r\n", ""},
      line("GET", "400"),
      line("GET ", "400"),
      line("GET /hello", "400"),
      line("GET /hello ", "400"),
      line(" GET /hello HTTP/1.1", "400"),
      line("\tGET /hello HTTP/1.1", "400"),
      line("GET  /hello HTTP/1.1", "400"),
      line("GET /hello  HTTP/1.1", "400"),
      line("GET\t/hello HTTP/1.1", "400"),
      line("GET /hello\tHTTP/1.1", "400"),
      line("GET /hello HTTP/1.1 ", "400"),
      line("GET /hello HTTP/1.1 x", "400"),
      line("GET /hel lo HTTP/1.1", "400"),
      line("GE(T /hello HTTP/1.1", "400"),
      line("GET: /hello HTTP/1.1", "400"),
      line("\"GET\" /hello HTTP/1.1", "400"),
      line("get /hello HTTP/1.1", "405"),
      line("BREW /hello HTTP/1.1", "405"),
      line("TRACE /hello HTTP/1.1", "405"),
      line(string(100, 'G') + " /hello HTTP/1.1", "405"),
      line("GET /hello HTTP/2.0", "505"),
      line("GET /hello HTTP/1.2", "505"),
      line("GET /hello HTTP/0.9", "505"),
      line("GET /hello HTTP/3", "400"),
      line("GET /hello http/1.1", "400"),
      line("GET /hello HTTP/11.1", "400"),
      line("GET /hello HTTP/1.1.1", "400"),
      line("GET /hello HTTP/-1.1", "400"),
      line("GET /hello HTTP /1.1", "400"),
      line("GET /hello HTTPS/1.1", "400"),
      line("GET /hello JUNK", "400"),
      {"a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"_s + string(200, 'x'), "400"},
      {"an HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
      {"an SSH greeting", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "400"},
      {"an SMTP greeting", "EHLO mail.example\r\n\r\n", "400"},
      {"a redis command", "*1\r\n$4\r\nPING\r\n\r\n", "400"},
      {"zeros", string(100, '\0'), "400"},
      {"high bytes", string(100, '\xff') + "\r\n\r\n", "400"},
  });
}

TEST_F(HostileRequests, Addresses) {
  expect({
      line("GET hello HTTP/1.1", "400"),
      line("GET ?x HTTP/1.1", "400"),
      line("GET * HTTP/1.1", "400"),
      line("OPTIONS * HTTP/1.1", "200"),
      line("CONNECT localhost:80 HTTP/1.1", "400"),
      line("CONNECT evil.example:443 HTTP/1.1", "400"),
      line("GET http://localhost/hello HTTP/1.1", "200"),
      line("GET HTTP://LOCALHOST/hello HTTP/1.1", "200"),
      line("GET http://localhost HTTP/1.1", "200"),
      line("GET http://localhost?x HTTP/1.1", "200"),
      line("GET http://localhost:80/hello HTTP/1.1", "400"),
      line("GET http://evil.example/hello HTTP/1.1", "400"),
      line("GET http://localhost@evil.example/hello HTTP/1.1", "400"),
      line("GET http://user@localhost/hello HTTP/1.1", "400"),
      line("GET http:///hello HTTP/1.1", "400"),
      line("GET http:/hello HTTP/1.1", "400"),
      line("GET ftp://localhost/hello HTTP/1.1", "400"),
      line("GET file:///etc/passwd HTTP/1.1", "400"),
      line("GET javascript:alert(1) HTTP/1.1", "400"),
      line("GET //localhost/hello HTTP/1.1", "404"),
      line("GET //evil.example/hello HTTP/1.1", "404"),
      line("GET /hello#x HTTP/1.1", "400"),
      line("GET /hello?x#y HTTP/1.1", "400"),
      line("GET /he\0llo HTTP/1.1"_s, "400"),
      line("GET /he\x01llo HTTP/1.1", "400"),
      line("GET /he\x7fllo HTTP/1.1", "400"),
      line("GET /he\nllo HTTP/1.1", "400"),
      line("GET /he\rllo HTTP/1.1", "400"),
      line("GET /h\xC3\xA4llo HTTP/1.1", "404"),
      line("GET /hello% HTTP/1.1", "400"),
      line("GET /hello%2 HTTP/1.1", "400"),
      line("GET /hello%zz HTTP/1.1", "400"),
      line("GET /hello%00 HTTP/1.1", "400"),
      line("GET /files/%00 HTTP/1.1", "400"),
      line("GET /%u0068ello HTTP/1.1", "400"),
      line("GET /hello/ HTTP/1.1", "404"),
      line("GET /hello;x HTTP/1.1", "404"),
      line("GET /query?%=%&%zz=1 HTTP/1.1", "200"),
      line("GET /query?" + repeated("&", 1000) + " HTTP/1.1", "200"),
      line("GET /query?" + repeated("a&", 500) + " HTTP/1.1", "200"),
      line("GET /" + string(1023, 'a') + " HTTP/1.1", "404"),
      line("GET /" + string(1024, 'a') + " HTTP/1.1", "414"),
      line("GET /" + string(10'000, 'a') + " HTTP/1.1", "414"),
      line("GET /query?" + string(5'000, 'a') + " HTTP/1.1", "414"),
      {"an address without an end", "GET /" + string(10'000, 'a'), "414"},
      {"a method without an end", string(10'000, 'G'), "414"},
  });
}

TEST_F(HostileRequests, Headers) {
  const string h = kHost;
  expect({
      headers("", "400"),
      headers(h + h, "400"),
      headers(h + "Host: evil.example\r\n", "400"),
      headers("Host:\r\n", "403"),
      headers("Host: localhost, evil.example\r\n", "400"),
      headers("Host: localhost evil.example\r\n", "400"),
      headers("Host: localhost/evil\r\n", "400"),
      headers("Host: localhost?x\r\n", "400"),
      headers("Host: user@localhost\r\n", "400"),
      headers("Host: localhost\\@evil.example\r\n", "400"),
      headers("Host: localhost:\r\n", "400"),
      headers("Host: localhost:80:80\r\n", "400"),
      headers("Host: localhost:99999999\r\n", "400"),
      headers("Host: l\xC3\xB6""calhost\r\n", "400"),
      headers("Host : localhost\r\n", "400"),
      headers("Host\t: localhost\r\n", "400"),
      headers(" Host: localhost\r\n", "400"),
      headers("Host localhost\r\n", "400"),
      headers(h + ": x\r\n", "400"),
      headers(h + "X Y: z\r\n", "400"),
      headers(h + "X(Y): z\r\n", "400"),
      headers(h + "X\x01: z\r\n", "400"),
      headers(h + "X\xff: z\r\n", "400"),
      headers(h + "X: a\0b\r\n"_s, "400"),
      headers(h + "X: a\x01""b\r\n", "400"),
      headers(h + "X: a\x1b[31m\r\n", "400"),
      headers(h + "X: a\x7f\r\n", "400"),
      headers(h + "X: a\rb\r\n", "400"),
      headers(h + "X: a\nY: b\r\n", "400"),
      headers(h + "X: a\r\r\nY: b\r\n", "400"),
      headers(h + "X: a\r\n b\r\n", "400"),
      headers(h + "X: a\r\n\tb\r\n", "400"),
      headers(h + "X:a\r\n", "200"),
      headers(h + "X:\r\n", "200"),
      headers(h + "X: \t a\tb \t\r\n", "200"),
      headers(h + "X: h\xC3\xA4\xFF\r\n", "200"),
      headers(h + "X: " + string(5'000, 'a') + "\r\n", "431"),
      headers(h + string(5'000, 'a') + ": x\r\n", "431"),
      headers(h + repeated("a: b\r\n", 1'000), "431"),
      headers(h + repeated("a:\r\n", 2'000), "431"),
      headers(h + "X: " + string(100'000, 'a'), "431"),
      headers(h + "Origin: http://localhost\r\nOrigin: http://localhost\r\n", "400"),
      headers(h + "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n", "400"),
      headers(h + "Connection: @@\r\n", "400"),
      headers(h + "Connection: close, keep-alive\r\n", "200"),
      headers(h + "Expect: 200-ok\r\n", "417"),
      headers(h + "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQ\r\n", "200"),
      headers(h + "Range: bytes=" + repeated("0-,", 1'000) + "\r\n", "200"),
      headers(h + "X-Forwarded-Host: evil.example\r\nX-Original-URL: /secret\r\n", "200"),
      {"lines that end in line feeds", "GET /hello HTTP/1.1\nHost: localhost\n\n", "400"},
      {"the last line ends in a line feed", "GET /hello HTTP/1.1\r\nHost: localhost\r\n\n", "400"},
      {"lines that end in carriage returns", "GET /hello HTTP/1.1\rHost: localhost\r\r", "400"},
      {"a bad second request", get("/hello") + "BAD\r\n\r\n" + get("/hello"), "200 400"},
  });
}

TEST_F(HostileRequests, SmugglingByLengths) {
  const string cl = "Content-Length: ", te = "Transfer-Encoding: ", chunked = te + "chunked\r\n", end = "0\r\n\r\n";
  expect({
      body(cl + "5\r\n" + chunked, end, "400"),
      body(chunked + cl + "5\r\n", end, "400"),
      body(cl + "5\r\n" + te + "gzip\r\n", "hello", "400"),
      body(cl + "5\r\n" + cl + "5\r\n", "hello", "400"),
      body(cl + "5\r\n" + cl + "6\r\n", "hello!", "400"),
      body(cl + "5, 5\r\n", "hello", "400"),
      body(cl + "5,6\r\n", "hello!", "400"),
      body(cl + "\r\n", "hello", "400"),
      body(cl + "+5\r\n", "hello", "400"),
      body(cl + "-5\r\n", "hello", "400"),
      body(cl + "5.0\r\n", "hello", "400"),
      body(cl + "5e0\r\n", "hello", "400"),
      body(cl + "0x5\r\n", "hello", "400"),
      body(cl + "5 5\r\n", "hello", "400"),
      body(cl + "5;\r\n", "hello", "400"),
      body(cl + "\"5\"\r\n", "hello", "400"),
      body(cl + "five\r\n", "hello", "400"),
      body(cl + "18446744073709551616\r\n", "", "400"),
      body(cl + "99999999999999999999999\r\n", "", "400"),
      body(cl + "18446744073709551615\r\n", "", "413"),
      body(cl + "65537\r\n", "", "413"),
      body(cl + " 5 \r\n", "hello", "200"),
      body(cl + "00005\r\n", "hello", "200"),
      body(cl + "5\r\n", "hell", ""),
      body(cl + "5\r\n", "hello" + get("/hello"), "200 200"),
      body(cl + "0\r\n", get("/hello"), "200 200"),
      body("", get("/hello"), "200 200"),
      body("Content_Length: 5\r\n", get("/hello"), "200 200"),
      body("Content-Length : 5\r\n", "hello", "400"),
      body("Content-Length\x0b: 5\r\n", "hello", "400"),
      body(te + "gzip\r\n", end, "501"),
      body(te + "identity\r\n", "", "501"),
      body(te + "\r\n", "", "501"),
      body(te + "gzip, chunked\r\n", end, "501"),
      body(te + "chunked, gzip\r\n", end, "501"),
      body(te + "chunked, chunked\r\n", end, "501"),
      body(te + "chunked, identity\r\n", end, "501"),
      body(te + "xchunked\r\n", end, "501"),
      body(te + "chunkedx\r\n", end, "501"),
      body(te + "\"chunked\"\r\n", end, "501"),
      body(te + "chunked;q=1\r\n", end, "501"),
      body(te + "\x0b""chunked\r\n", end, "400"),
      body(te + "chunk\0ed\r\n"_s, end, "400"),
      body(te + "\r\n chunked\r\n", end, "400"),
      body(chunked + chunked, end, "400"),
      body(chunked + te + "identity\r\n", end, "400"),
      body(te + "identity\r\n" + chunked, end, "501"),
      body("Transfer-Encoding : chunked\r\n", end, "400"),
      body("Transfer_Encoding: chunked\r\n" + cl + "5\r\n", "hello", "200"),
      body(te + "CHUNKED\r\n", end, "200"),
      {"chunked in HTTP/1.0", "POST /echo HTTP/1.0\r\n" + chunked + "\r\n" + end, "400"},
      {"a request inside a GET's body", get("/hello", cl + "36\r\n") + get("/throw").substr(0, 36), "200"},
      {"a head with a body", "HEAD /nothing HTTP/1.1\r\n" + kHost + cl + "5\r\n\r\nhello", "404"},
  });
}

TEST_F(HostileRequests, Chunks) {
  expect({
      chunks("5\r\nhello\r\n0\r\n\r\n", "200"),
      chunks("5\r\nhello\r\n0\r\n\r\n" + get("/hello"), "200 200"),
      chunks("A\r\n0123456789\r\n0\r\n\r\n", "200"),
      chunks("5;name=value\r\nhello\r\n0\r\n\r\n", "200"),
      chunks("0000000000000005\r\nhello\r\n00\r\n\r\n", "200"),
      chunks("", ""),
      chunks("5\r\nhel", ""),
      chunks("5\r\nhello\r\n", ""),
      chunks("5\r\nhello\r\n0\r\n", ""),
      chunks("\r\n", "400"),
      chunks("g\r\n", "400"),
      chunks("-5\r\nhello\r\n", "400"),
      chunks("+5\r\nhello\r\n", "400"),
      chunks("0x5\r\nhello\r\n", "")  /* not whole: closed */,
      chunks(" 5\r\nhello\r\n", "400"),
      chunks("5 \r\nhello\r\n", "400"),
      chunks("5,\r\nhello\r\n", "400"),
      chunks("5;=x\r\nhello\r\n", "400"),
      chunks("5;\"\r\nhello\r\n", "400"),
      chunks("5;a=\"b\r\nhello\r\n", "")  /* not whole: closed */,
      chunks("5;a\x01\r\nhello\r\n", "400"),
      chunks("5\nhello\n0\n\n", "")  /* not whole: closed */,
      chunks("5\rhello\r", "400"),
      chunks("5\r\nhelloX\r\n", "")  /* not whole: closed */,
      chunks("5\r\nhello0\r\n\r\n", "400"),
      chunks("5\r\nhello\n0\r\n\r\n", "400"),
      chunks("4\r\nhello\r\n0\r\n\r\n", "400"),
      chunks("10001\r\n", "413"),
      chunks("ffffffffffffffff\r\n", "413"),
      chunks("10000000000000000\r\n", "400"),
      chunks(string(100, 'f') + "\r\n", "400"),
      chunks(repeated("1000\r\n" + string(4096, 'x') + "\r\n", 17) + "0\r\n\r\n", "413"),
      chunks("5;" + string(10'000, 'x'), "400"),
      chunks(string(10'000, '0'), "400"),
      chunks("0\r\nX: y\r\n\r\n", "200"),
      chunks("0\r\nno colon\r\n\r\n", "400"),
      chunks("0\r\nContent-Length: 5\r\n\r\nhello", "400"),
      chunks("0\r\nTransfer-Encoding: chunked\r\n\r\n", "400"),
      chunks("0\r\n" + repeated("a: b\r\n", 2'000), "400"),
  });
}

TEST_F(HostileRequests, HostsAndOrigins) {
  expect({
      from("localhost", "", "200"),
      from("127.0.0.1:8188", "", "200"),
      from("[::1]:1", "", "200"),
      from("evil.example", "", "403"),
      from("localhost.evil.example", "", "403"),
      from("127.0.0.1.nip.io", "", "403"),
      from("192.168.0.1", "", "403"),
      from("0", "", "403"),
      from("2130706433", "", "403"),
      from("[::ffff:127.0.0.1]", "", "403"),
      from("[::]", "", "403"),
      from("localhost:8188", "http://localhost:8188", "200"),
      from("127.0.0.1:8188", "http://localhost:8188", "403"),
      from("localhost:8188", "http://localhost:8189", "403"),
      from("localhost:8188", "https://evil.example", "403"),
      from("evil.example", "http://evil.example", "403"),
      from("localhost:8188", "null", "403"),
      from("localhost:8188", "NULL", "403"),
      from("localhost:8188", "file://", "403"),
      from("localhost:8188", "http://localhost:8188/", "403"),
      from("localhost:8188", "http://localhost:8188, http://evil.example", "403"),
      from("localhost:8188", "http://localhost:8188 http://evil.example", "403"),
      from("localhost:8188", "http://localhost:8188@evil.example", "403"),
      from("localhost:8188", "//localhost:8188", "403"),
      from("localhost:8188", "moz-extension://1234", "403"),
      from("localhost:8188", string(2'000, 'x'), "403"),
      {"a form of another site", post("/echo", "x", "Sec-Fetch-Site: cross-site\r\n"), "403"},
      {"a form of a sandboxed page", post("/echo", "x", "Origin: null\r\n"), "403"},
      {"a preflight of another site",
       "OPTIONS /echo HTTP/1.1\r\n" + kHost + "Origin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n\r\n", "403"},
      {"a link on another site", get("/", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"), "200"},
  });
}

TEST_F(HostileRequests, PathsThatWouldLeave) {
  const std::vector<std::pair<string, string>> names = {
      {"assets/app.js", "200"}, {"../secret.txt", "404"}, {"..%2fsecret.txt", "404"}, {"..%2Fsecret.txt", "404"},
      {"%2e%2e/secret.txt", "404"}, {"%2E%2E%2Fsecret.txt", "404"}, {".%2e/secret.txt", "404"}, {"..\\secret.txt", "404"},
      {"..%5csecret.txt", "404"}, {"assets\\..\\..\\secret.txt", "404"}, {"%252e%252e%252fsecret.txt", "404"},
      {"..%252fsecret.txt", "404"}, {"....//secret.txt", "404"}, {"..;/secret.txt", "404"}, {"./../secret.txt", "404"},
      {"assets/../../secret.txt", "404"}, {"assets/%2e%2e/%2e%2e/secret.txt", "404"}, {"assets/..", "404"},
      {"assets%2f..%2f..%2fsecret.txt", "404"}, {"nothing/../../secret.txt", "404"}, {"/etc/passwd", "404"},
      {"%2fetc%2fpasswd", "404"}, {"//etc/passwd", "404"}, {"file:///etc/passwd", "404"}, {"~root", "404"},
      {"%c0%ae%c0%ae/secret.txt", "404"}, {"..%c0%afsecret.txt", "404"}, {"..%c1%9csecret.txt", "404"},
      {"%e0%80%ae%e0%80%ae/secret.txt", "404"}, {"%ef%bc%8e%ef%bc%8e/secret.txt", "404"}, {"..%ef%bc%8fsecret.txt", "404"},
      {"..%e2%88%95secret.txt", "404"}, {"..%e2%81%84secret.txt", "404"}, {"..%ef%bc%bcsecret.txt", "404"},
      {"%u002e%u002e/secret.txt", "400"}, {"%%32%65%%32%65/secret.txt", "400"}, {"..%00/secret.txt", "400"},
      {"assets/app.js%00.png", "400"}, {"assets/app.js%0a", "404"}, {"assets/app.js%0d%0aX:y", "404"},
      {".hidden", "404"}, {".git/config", "404"}, {"%2egit/config", "404"}, {"link.txt", "404"}, {"up/secret.txt", "404"},
      {"up/site/assets/app.js", "404"}, {"assets/app.js/", "404"}, {"assets/./app.js", "404"}, {"assets//app.js", "404"},
      {string(300, 'a'), "404"}, {repeated("a/", 400) + "x", "404"}, {repeated("../", 100) + "etc/passwd", "404"},
  };
  for (const auto& [name, expected] : names) {
    for (const string& route : {"/"_s, "/inside/"_s}) {
      const std::vector<Answered> got = answers("GET " + route + name + " HTTP/1.1\r\n" + kHost + "\r\n");
      ASSERT_EQ(got.size(), 1u) << route << name;
      EXPECT_EQ(std::to_string(got[0].status), expected) << route << name;
      EXPECT_EQ(got[0].body.find("secret"), string::npos) << route << name;
    }
  }
}

// --- WebSocket -------------------------------------------------------------------------------------------------------

// An upgrade with other headers than the right ones.
Row handshake(const string& text, const string& expected) {
  return {text, "GET /ws HTTP/1.1\r\n" + kHost + text + "\r\n", expected};
}

TEST_F(HostileRequests, Handshakes) {
  const string con = "Connection: Upgrade\r\n", up = "Upgrade: websocket\r\n", version = "Sec-WebSocket-Version: 13\r\n",
               key = "Sec-WebSocket-Key: " + kKey + "\r\n", extensions = "Sec-WebSocket-Extensions: ";
  expect({
      handshake(con + up + version + key, "101"),
      handshake("connection: keep-alive, upgrade\r\nupgrade: WebSocket\r\n" + version + key, "101"),
      handshake("", "426"),
      handshake(up + version + key, "426"),
      handshake(con + version + key, "426"),
      handshake("Connection: close\r\n" + up + version + key, "426"),
      handshake(con + "Upgrade: websockets\r\n" + version + key, "426"),
      handshake(con + "Upgrade: h2c\r\n" + version + key, "426"),
      handshake(con + up + key, "426"),
      handshake(con + up + "Sec-WebSocket-Version: 8\r\n" + key, "426"),
      handshake(con + up + "Sec-WebSocket-Version: 13, 8\r\n" + key, "426"),
      handshake(con + up + version, "400"),
      handshake(con + up + version + "Sec-WebSocket-Key:\r\n", "400"),
      handshake(con + up + version + "Sec-WebSocket-Key: short\r\n", "400"),
      handshake(con + up + version + "Sec-WebSocket-Key: " + string(24, '!') + "\r\n", "400"),
      handshake(con + up + version + "Sec-WebSocket-Key: " + string(3'000, 'a') + "\r\n", "400"),
      handshake(con + up + version + key + key, "400"),
      handshake(con + up + version + key + extensions + "permessage-deflate; server_max_window_bits=99\r\n", "101"),
      handshake(con + up + version + key + extensions + "permessage-deflate; x=y; x=y\r\n", "101"),
      handshake(con + up + version + key + extensions + ";;;,,,=\"\r\n", "101"),
      handshake(con + up + version + key + "Sec-WebSocket-Protocol: a, b\r\n", "101"),
      handshake(con + up + version + key + "Content-Length: 5\r\n", "400"),
      handshake(con + up + version + key + "Transfer-Encoding: chunked\r\n", "400"),
      handshake(con + up + version + key + "Origin: https://evil.example\r\n", "403"),
      handshake(con + up + version + key + "Origin: null\r\n", "403"),
      {"another host", "GET /ws HTTP/1.1\r\nHost: evil.example\r\n" + con + up + version + key + "\r\n", "403"},
      {"by POST", "POST /ws HTTP/1.1\r\n" + kHost + con + up + version + key + "\r\n", "405"},
      {"by HTTP/1.0", "GET /ws HTTP/1.0\r\n" + kHost + con + up + version + key + "\r\n", "426"},
      {"frames before the answer", upgrade() + text_frame("x"), "400"},
      {"on another path", upgrade("/ws/"), "404"},
      {"escaped", upgrade("/%77s"), "404"},
  });
}

struct FrameRow {
  string name, bytes;
  int close_code;  // 0: closed without a word
};

string deflated(const string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
  string out(deflateBound(&stream, text.size()) + 16, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_SYNC_FLUSH);
  out.resize(stream.total_out - 4);  // without the 00 00 FF FF that ends it
  deflateEnd(&stream);
  return out;
}

class HostileFrames : public HostileRequests {
 protected:
  // The code of the frame by which the server closes.
  int closes_with(const string& bytes, const string& extensions) {
    SocketClient client(server_.port(), upgrade("/ws", extensions));
    EXPECT_EQ(client.handshake.status, 101);
    client.send(bytes);
    client.end_sending();
    for (Frame got = client.next(); got.first; got = client.next()) {
      if (got.opcode() == kClose) return got.close_code();
    }
    return 0;
  }
  void expect_closes(const std::vector<FrameRow>& rows, const string& extensions = "") {
    for (const FrameRow& row : rows) EXPECT_EQ(closes_with(row.bytes, extensions), row.close_code) << row.name;
  }
};

TEST_F(HostileFrames, Frames) {
  std::vector<FrameRow> rows = {
      {"nothing", "", 0},
      {"half a head", "\x81", 0},
      {"half a frame", text_frame("hello").substr(0, 8), 0},
      {"reserved bit 1", frame(kFin | kRsv1 | kText, "x"), 1002},
      {"reserved bit 2", frame(kFin | kRsv2 | kText, "x"), 1002},
      {"reserved bit 3", frame(kFin | kRsv3 | kText, "x"), 1002},
      {"a reserved bit on a ping", frame(kFin | kRsv1 | kPing, "x"), 1002},
      {"no mask", frame_head(kFin | kText, 1, false) + "x", 1002},
      {"a ping without a mask", frame_head(kFin | kPing, 0, false), 1002},
      {"a close without a mask", frame_head(kFin | kClose, 0, false), 1002},
      {"a ping of 126 bytes", frame(kFin | kPing, string(126, 'x')), 1002},
      {"a pong of 70000 bytes", frame(kFin | kPong, string(70'000, 'x')), 1002},
      {"a close of 126 bytes", close_frame(1000, string(124, 'x')), 1002},
      {"a ping in pieces", frame(kPing, "x"), 1002},
      {"a close in pieces", frame(kClose, "\x03\xe8"), 1002},
      {"the rest of nothing", frame(kFin | kContinuation, "x"), 1002},
      {"a piece of nothing", frame(kContinuation, "x"), 1002},
      {"a message inside another", frame(kText, "x") + frame(kFin | kText, "y"), 1002},
      {"a binary message inside a text", frame(kText, "x") + frame(kBinary, "y"), 1002},
      {"a length written too long", "\x81\xfe\x00\x05"_s + "\x01\x02\x03\x04" + "hello", 1002},
      {"a length written far too long", "\x81\xff\x00\x00\x00\x00\x00\x00\x00\x05"_s + "\x01\x02\x03\x04" + "hello", 1002},
      {"a message past the bound", text_frame(string(17'000, 'x')), 1009},
      {"a length of 2^40", frame_head(kFin | kText, uint64_t{1} << 40) + "\x01\x02\x03\x04", 1009},
      {"a length of 2^63", frame_head(kFin | kText, uint64_t{1} << 63) + "\x01\x02\x03\x04", 1009},
      {"a binary message past the bound", frame(kFin | kBinary, string(17'000, 'x')), 1009},
      {"pieces past the bound", frame(kText, string(9'000, 'x')) + frame(kFin | kContinuation, string(9'000, 'x')), 1009},
      {"a byte that is no UTF-8", text_frame("\xff"), 1007},
      {"an overlong slash", text_frame("\xc0\xaf"), 1007},
      {"a surrogate", text_frame("\xed\xa0\x80"), 1007},
      {"past the last code point", text_frame("\xf4\x90\x80\x80"), 1007},
      {"half a character", text_frame("\xe2\x82"), 1007},
      {"a broken character in the second piece", frame(kText, "\xe2\x82") + frame(kFin | kContinuation, "x"), 1007},
      {"a close of one byte", frame(kFin | kClose, "\x03"), 1002},
      {"a close with a reason that is no UTF-8", close_frame(1000, "\xff"), 1002},
      {"a plain close", frame(kFin | kClose, ""), 1000},
      {"HTTP", get("/hello"), 1002},
      {"two closes", close_frame(1000) + close_frame(1001), 1000},
      {"text behind a close", close_frame(1000) + text_frame("x"), 1000},
      {"a text that is no JSON, then a close", text_frame("{{{") + close_frame(1000), 1000},
      {"deep JSON, then a close", text_frame(string(10'000, '[')) + close_frame(1000), 1000},
      {"a character in two pieces, then a close",
       frame(kText, "\xe2\x82") + frame(kFin | kContinuation, "\xac") + close_frame(1001), 1001},
      {"many empty pieces, then a close",
       frame(kText, "") + repeated(frame(kContinuation, ""), 5'000) + frame(kFin | kContinuation, "") + close_frame(1000), 1000},
      {"many pings, then a close", repeated(frame(kFin | kPing, string(125, 'p')), 500) + close_frame(1000), 1000},
      {"many pongs, then a close", repeated(frame(kFin | kPong, ""), 5'000) + close_frame(1000), 1000},
      {"many messages, then a close", repeated(text_frame("x"), 2'000) + close_frame(1000), 1000},
  };
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    rows.push_back({"opcode " + std::to_string(opcode), frame(kFin | opcode, "x"), 1002});
  }
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999}) {
    rows.push_back({"close code " + std::to_string(code), close_frame(code), 1002});
  }
  for (const int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999}) {
    rows.push_back({"close code " + std::to_string(code), close_frame(code, "bye"), code});
  }
  expect_closes(rows);
}

TEST_F(HostileFrames, CompressedFrames) {
  const string bomb = deflated(string(50 << 20, '\0'));
  expect_closes(
      {
          {"a bomb", frame(kFin | kRsv1 | kText, bomb.substr(0, 16'000)), 1009},
          {"a bomb in pieces", frame(kRsv1 | kText, bomb.substr(0, 8'000)) + frame(kContinuation, bomb.substr(8'000, 8'000)), 1009},
          {"a compressed continuation", frame(kRsv1 | kText, "") + frame(kFin | kRsv1 | kContinuation, ""), 1002},
          {"a compressed ping", frame(kFin | kRsv1 | kPing, ""), 1002},
          {"a reserved bit beside", frame(kFin | kRsv1 | kRsv2 | kText, ""), 1002},
          {"no UTF-8 inside", frame(kFin | kRsv1 | kText, deflated("\xff")), 1007},
          {"plain messages are fine", text_frame("x") + close_frame(1000), 1000},
          {"compressed messages are fine", frame(kFin | kRsv1 | kText, deflated("hello")) + close_frame(1000), 1000},
      },
      "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  // What is not deflate ends the connection; which words are said is not.
  for (const string& garbage : {string(100, '\xff'), "\x06\x06\x06"_s, "\x01\x05\x00\x00\x00"_s, "\xed\xc0\x01"_s}) {
    const int code = closes_with(frame(kFin | kRsv1 | kText, garbage), "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    EXPECT_TRUE(code == 0 || code == 1002 || code == 1007) << code;
  }
}

// --- Time and going away ---------------------------------------------------------------------------------------------

TEST_F(HostileRequests, ClientsThatGoInTheMiddleLeaveNothingBehind) {
  const string big = post("/echo", string(60'000, 'x'));
  for (const size_t cut : {1, 10, 40, 60, 1'000, 59'000}) {
    RawClient client(server_.port());
    client.send(std::string_view(big).substr(0, cut));
  }
  for (int i = 0; i < 20; ++i) RawClient(server_.port()).send(get("/hello"));
  for (int i = 0; i < 20; ++i) RawClient(server_.port()).send(upgrade());
  for (int i = 0; i < 20; ++i) SocketClient(server_.port()).send(text_frame("x"));
}

}  // namespace
}  // namespace heddle::server
