// Bodies of ComfyUI's routes: JSON under any Content-Type, or none at all.
#pragma once

#include <stdexcept>
#include <string>

#include "engine/json.h"
#include "engine/server/http.h"

namespace heddle::server {

/// What a client sent cannot be used: answered by 400 with these words.
struct BadBody : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// An object; {} for an empty body. Throws BadBody.
inline Json comfy_body(const Request& request) {
  if (request.body.empty()) return Json::object();
  try {
    Json body = parse_json(request.body);
    if (body.is_object()) return body;
  } catch (const JsonError& error) {
    throw BadBody("the body is not JSON: " + std::string(error.what()));
  }
  throw BadBody("the body must be a JSON object, as {\"key\": value}");
}

}  // namespace heddle::server
