// Smaller answers for clients that are far away.
#pragma once

#include <string_view>

#include "engine/server/http.h"

namespace heddle::server {

/// Compresses the body if that is worth it: JSON or text of some length, for a client that takes gzip.
void compress_body(const Request& request, Response& response);

/// Whether an Accept-Encoding header lists gzip, and not with a weight of 0.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace heddle::server
