// What a request's head must be, beyond the grammar: the part of reading that keeps request smuggling, DNS tricks and
// control characters out. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "engine/server/http.h"

namespace heddle::server {

/// How far the head of a request has been looked through.
struct HeadScan {
  size_t scanned = 0;                // bytes that need no second look
  std::optional<size_t> size;        // of the head with the empty line that ends it, if that has come
  const char* broken = nullptr;      // why it can be no head
};
/// Looks for the end of the head, and for line ends and control characters that have no place in one. `scanned` bytes
/// have been looked at before.
HeadScan scan_head(std::string_view bytes, size_t scanned);

struct BrokenRequest {
  int status;
  std::string words;
};
/// Lengths, codings and hosts: each said once and understood.
std::optional<BrokenRequest> check_headers(const Request& request, bool is_http11);
/// Sets path and query from the request target: "/x?y", "http://HOST/x?y" of this very host, or "*" for OPTIONS.
std::optional<BrokenRequest> take_target(std::string_view target, Request& request);

/// "localhost:8188", "[::1]", "10.0.0.1:80": nothing if it is not a host with an optional port. Both in lower case.
struct HostPort {
  std::string host;  // with the brackets of an IPv6 address
  std::string port;  // "" if not said
};
std::optional<HostPort> parse_host(std::string_view text);

}  // namespace heddle::server
