// The head of a response as bytes, and the dates that HTTP writes. Pure but for the clock of the Date header.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "engine/server/http.h"

namespace heddle::server {

/// How the body follows the head.
struct Framing {
  bool is_http11 = true;
  bool keeps_alive = true;
  bool chunked = false;
  std::optional<uint64_t> length;  // said where the status has a body
};

/// Status line, headers and the empty line. Control characters in values become spaces: no handler can split a response.
std::string response_head(const Response& response, const Fields& more, const Framing& framing);

/// Whether responses of that status have a body: not 1xx, 204 and 304.
bool has_body(int status);
std::string_view reason_of(int status);

std::string http_date(std::time_t time);                       // "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<std::time_t> parse_http_date(std::string_view);  // that form alone

}  // namespace heddle::server
