// Who may talk to the server: Host and Origin against cross-site requests and DNS rebinding, tokens for addresses that
// are not loopback. Pure; asked before a body is read, for HTTP and WebSocket alike.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/server/http.h"

namespace heddle::server {

struct GuardSettings {
  std::string token;                        // "": none is asked for (loopback only)
  bool loopback = true;                     // what the server listens on
  std::vector<std::string> allowed_hosts;   // further names it answers to, as "pictures.lan:8188"
  std::vector<std::string> allowed_origins; // origins that CORS admits, as "https://example.org"
};

class Guard {
 public:
  explicit Guard(GuardSettings settings);

  /// The answer that refuses a request (403 for Host and Origin, 401 for the token), or nothing if it may pass.
  /// OPTIONS is answered here too (204 with CORS headers for the preflight of an allowed origin, else 200 and empty).
  /// `request` has no body yet.
  std::optional<Response> refuse(const Request& request) const;
  /// Headers that CORS wants on the answer to an allowed foreign origin; else none.
  Fields cors_headers(const Request& request) const;
  /// GET and POST /login: a page that takes the token and sets a SameSite=Strict, HttpOnly cookie.
  Response login(const Request& request) const;

 private:
  std::optional<Response> refuse_host(const Request& request) const;
  std::optional<Response> refuse_origin(const Request& request) const;
  std::optional<Response> refuse_token(const Request& request) const;
  bool is_allowed_origin(std::string_view origin) const;
  bool has_token(const Request& request) const;

  GuardSettings settings_;
  std::string cookie_;  // what the cookie of somebody who knows the token says
};

/// GET and POST /login. `guard` outlives the routes.
void add_login_routes(Routes& routes, const Guard& guard);

}  // namespace heddle::server
