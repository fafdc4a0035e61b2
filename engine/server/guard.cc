#include "engine/server/guard.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "engine/ascii.h"
#include "engine/server/request_checks.h"

namespace heddle::server {
namespace {

constexpr std::string_view kCookieName = "heddle_session";
constexpr size_t kMaxToken = 4096;

std::string hmac_hex(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest.data(), &size);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += {kDigits[digest[i] >> 4], kDigits[digest[i] & 15]};
  return hex;
}

// Takes the same time whatever the texts have in common: their digests are compared, not they themselves.
bool is_same_secret(std::string_view given, std::string_view expected) {
  if (given.size() > kMaxToken) return false;
  const std::string a = hmac_hex("compare", given), b = hmac_hex("compare", expected);
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool is_dotted_loopback(std::string_view host) {
  return host.starts_with("127.") && std::count(host.begin(), host.end(), '.') == 3 &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

// Names that resolve to this machine wherever they are asked for: no attacker's DNS can answer to them.
bool is_loopback_name(std::string_view host) {
  return host == "localhost" || host == "[::1]" || host.ends_with(".localhost") || is_dotted_loopback(host);
}

Response problem(int status, std::string_view title, std::string detail) {
  Response response = json_response(
      {{"type", "about:blank"}, {"title", title}, {"status", status}, {"detail", std::move(detail)}}, status);
  response.type = "application/problem+json";
  return response;
}

Response forbidden(std::string detail) { return problem(403, "Forbidden", std::move(detail)); }

bool is_safe_method(std::string_view method) { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }

bool needs_no_token(std::string_view path) { return path == "/login" || path == "/healthz" || path == "/readyz"; }

// "https://host:1234" without its scheme; nothing for "null" and for what is no origin.
std::optional<HostPort> host_of_origin(std::string_view origin) {
  const std::string text = lower(origin);
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (text.starts_with(scheme)) return parse_host(std::string_view(text).substr(scheme.size()));
  }
  return std::nullopt;
}

// As ComfyUI compares them: where one of the two names no port, the other's does not count, for proxies that drop it.
bool is_same_place(const HostPort& host, const HostPort& origin) {
  return host.host == origin.host && (host.port == origin.port || host.port.empty() || origin.port.empty());
}

// Any cookie of our name may be the one: browsers send those of other paths and of parent domains too.
bool has_cookie(std::string_view cookies, std::string_view expected) {
  while (!cookies.empty()) {
    const size_t end = std::min(cookies.find(';'), cookies.size());
    const std::string_view cookie = trimmed(cookies.substr(0, end));
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
    const size_t equals = cookie.find('=');
    if (equals == std::string_view::npos || cookie.substr(0, equals) != kCookieName) continue;
    if (is_same_secret(cookie.substr(equals + 1), expected)) return true;
  }
  return false;
}

bool wants_page(const Request& request) {
  return request.method == "GET" && request.header("accept").find("text/html") != std::string_view::npos;
}

Response redirect(std::string to) {
  Response response = text_response("", 303);
  response.headers = {{"Location", std::move(to)}, {"Cache-Control", "no-store"}};
  return response;
}

Response login_page(std::string_view message, int status) {
  Response response;
  response.status = status;
  response.type = "text/html; charset=utf-8";
  response.headers = {{"Cache-Control", "no-store"},
                      {"Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"}};
  response.body = R"(<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>heddle: log in</title>
<style>body{font:16px system-ui;margin:20vh auto;max-width:22em;padding:0 1em}input,button{font:inherit;padding:.4em;
width:100%;box-sizing:border-box;margin:.3em 0}</style>
<h1>heddle</h1><form method="post" action="/login">
<label>Token <input type="password" name="token" autocomplete="current-password" required autofocus></label>
<button>Log in</button></form><p>)";
  response.body += message;
  response.body += "</p></html>\n";
  return response;
}

}  // namespace

Guard::Guard(GuardSettings settings)
    : settings_(std::move(settings)), cookie_(hmac_hex(settings_.token, "heddle: who has this cookie knows the token")) {
  for (std::string& host : settings_.allowed_hosts) host = lower(host);
  for (std::string& origin : settings_.allowed_origins) {
    origin = lower(origin);
    if (origin.ends_with('/')) origin.pop_back();
  }
}

std::optional<Response> Guard::refuse(const Request& request) const {
  if (auto refusal = refuse_host(request)) return refusal;
  if (auto refusal = refuse_origin(request)) return refusal;
  if (request.method == "OPTIONS") {
    return empty_response(request.header("access-control-request-method").empty() ? 200 : 204);
  }
  return refuse_token(request);
}

// A page can have its own name resolve to 127.0.0.1 (DNS rebinding), and is then of the same origin as we are; the name
// stays in Host. A server that is not on loopback is called by names that it cannot know; what a rebound page lacks there
// is the token, which cookies of another name do not carry. So names count there only where they were given.
std::optional<Response> Guard::refuse_host(const Request& request) const {
  const bool checks = settings_.loopback || settings_.token.empty() || !settings_.allowed_hosts.empty();
  const bool is_said = std::any_of(request.headers.begin(), request.headers.end(),
                                   [](const auto& field) { return field.first == "host"; });
  if (!checks || !is_said) return std::nullopt;  // HTTP/1.0 without a Host: no browser
  const std::string text = lower(request.header("host"));
  const std::optional<HostPort> host = parse_host(text);
  if (host && is_loopback_name(host->host)) return std::nullopt;
  for (const std::string& allowed : settings_.allowed_hosts) {
    if (host && (allowed == text || allowed == host->host)) return std::nullopt;
  }
  return forbidden("This server does not answer to the name \"" + text +
                   "\". Call it localhost or 127.0.0.1, or start it with that name among its allowed hosts.");
}

std::optional<Response> Guard::refuse_origin(const Request& request) const {
  const std::string_view origin = request.header("origin");
  if (origin.empty()) {
    const bool is_foreign = request.header("sec-fetch-site") == "cross-site";
    if (!is_foreign || is_safe_method(request.method)) return std::nullopt;
    return forbidden("Another site's page may not change anything here.");
  }
  if (is_allowed_origin(origin)) return std::nullopt;
  const std::optional<HostPort> host = parse_host(request.header("host")), from = host_of_origin(origin);
  if (host && from && is_same_place(*host, *from)) return std::nullopt;
  return forbidden("A page of the origin \"" + std::string(origin) + "\" may not use this server (\"" +
                   std::string(request.header("host")) + "\"): open it under one and the same name, or start it with "
                   "that origin among its allowed origins.");
}

bool Guard::is_allowed_origin(std::string_view origin) const {
  const auto& allowed = settings_.allowed_origins;
  return std::find(allowed.begin(), allowed.end(), lower(origin)) != allowed.end();
}

std::optional<Response> Guard::refuse_token(const Request& request) const {
  if (settings_.token.empty() || needs_no_token(request.path) || has_token(request)) return std::nullopt;
  if (wants_page(request)) return redirect("/login");
  Response response = problem(401, "Unauthorized", "Send the server's token as \"Authorization: Bearer TOKEN\".");
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

bool Guard::has_token(const Request& request) const {
  const std::string_view authorization = request.header("authorization");
  const size_t space = authorization.find(' ');
  const bool is_bearer = space != std::string_view::npos && lower(authorization.substr(0, space)) == "bearer";
  if (is_bearer && is_same_secret(trimmed(authorization.substr(space)), settings_.token)) return true;
  for (const auto& [name, value] : request.headers) {
    if (name == "cookie" && has_cookie(value, cookie_)) return true;
  }
  return false;
}

Fields Guard::cors_headers(const Request& request) const {
  const std::string_view origin = request.header("origin");
  if (origin.empty() || !is_allowed_origin(origin)) return {};
  Fields headers = {{"Access-Control-Allow-Origin", std::string(origin)},
                    {"Access-Control-Allow-Credentials", "true"},
                    {"Access-Control-Expose-Headers", "Content-Disposition, ETag, Location, Retry-After"},
                    {"Vary", "Origin"}};
  if (request.method != "OPTIONS") return headers;
  headers.emplace_back("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  headers.emplace_back("Access-Control-Allow-Headers",
                       "Authorization, Comfy-User, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Range");
  headers.emplace_back("Access-Control-Max-Age", "600");
  return headers;
}

Response Guard::login(const Request& request) const {
  if (settings_.token.empty()) return redirect("/");
  if (request.method != "POST") return login_page("The token is what the server was started with.", 200);
  std::string_view token;
  const Fields form = parse_query(request.body);
  for (const auto& [name, value] : form) {
    if (name == "token") token = value;
  }
  if (!is_same_secret(trimmed(token), settings_.token)) return login_page("That is not the token.", 401);
  Response response = redirect("/");
  response.headers.emplace_back("Set-Cookie", std::string(kCookieName) + "=" + cookie_ +
                                                  "; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000");
  return response;
}

void add_login_routes(Routes& routes, const Guard& guard) {
  const auto login = [&guard](const Request& request) { return guard.login(request); };
  routes.add("GET", "/login", login);
  routes.add("POST", "/login", login);
}

}  // namespace heddle::server
