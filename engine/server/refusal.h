// How ComfyUI's routes say no: what cannot be done is thrown as a Refusal and answered as text. ComfyUI answers a body
// that is no JSON, a key that is missing or a type that is unknown by 500; a mistake of the client is none of the
// server, so here it is 400, with words.
#pragma once

#include <stdexcept>
#include <string>

#include "engine/server/http.h"

namespace heddle::server {

struct Refusal : std::runtime_error {
  Refusal(int status_code, const std::string& text) : std::runtime_error(text), status(status_code) {}
  int status;
};

/// `handler`, whose Refusals become answers. So do names that the file system cannot take (400) and full disks (507).
Handler answering_refusals(Handler handler);

/// The body as JSON, whatever its Content-Type says: clients send text/plain. Refusal with the place of the mistake.
Json json_body(const Request& request);
/// The same, where only an object will do.
Json object_body(const Request& request);

/// Whether a query parameter is there and says "true".
bool is_set(const Request& request, std::string_view parameter);
/// Whether a query parameter is there and says "false".
bool is_unset(const Request& request, std::string_view parameter);

}  // namespace heddle::server
