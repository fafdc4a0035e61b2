// What /v1 answers: JSON as RFC 8259 has it (no NaN), and problems as RFC 9457 has them.
#pragma once

#include <string>
#include <string_view>

#include "engine/problem.h"
#include "engine/server/http.h"

namespace heddle::server {

/// application/json; numbers that JSON does not have become null.
Response v1_response(const Json& body, int status = 200);
std::string v1_text(const Json& body);

/// application/problem+json: {"type": "urn:heddle:KIND", "title", "status", "detail"} and what `more` has. `kind` is a
/// stable word for programs, `detail` says what is wrong and what to do.
Response problem_response(int status, std::string_view kind, const std::string& detail,
                          const Json& more = Json::object());

/// {"step", "node", "socket", "kind", "message"}; what is "" is left out.
Json problem_json(const Problem& problem);
Json problems_json(const Problems& problems);

/// 422: all that is wrong with a request or its graph.
Response invalid_response(const Problems& problems, const Problems& warnings = {}, const Json& more = Json::object());

Response no_such(const std::string& what, const std::string& name);  // 404

}  // namespace heddle::server
