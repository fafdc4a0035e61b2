#include "engine/server/refusal.h"

#include <filesystem>
#include <system_error>

#include "engine/ascii.h"

namespace heddle::server {
namespace {

int status_of(const std::error_code& code) {
  if (code == std::errc::filename_too_long || code == std::errc::not_a_directory || code == std::errc::is_a_directory ||
      code == std::errc::file_exists || code == std::errc::invalid_argument || code == std::errc::directory_not_empty) {
    return 400;
  }
  if (code == std::errc::no_space_on_device) return 507;
  return 0;
}

// The words of the system without the paths of the server, which are nobody's business.
Response answer_to(const std::filesystem::filesystem_error& error) {
  const int status = status_of(error.code());
  if (status == 0) throw;
  return text_response(error.code().message(), status);
}

}  // namespace

Handler answering_refusals(Handler handler) {
  return [handler = std::move(handler)](const Request& request) {
    try {
      return handler(request);
    } catch (const Refusal& refusal) {
      return text_response(refusal.what(), refusal.status);
    } catch (const std::filesystem::filesystem_error& error) {
      return answer_to(error);
    }
  };
}

Json json_body(const Request& request) {
  try {
    return parse_json(request.body);
  } catch (const JsonError& error) {
    throw Refusal(400, std::string("the body is not JSON: ") + error.what());
  }
}

Json object_body(const Request& request) {
  Json body = json_body(request);
  if (!body.is_object()) throw Refusal(400, "the body is not what was expected: a JSON object, as {\"key\": value}");
  return body;
}

bool is_set(const Request& request, std::string_view parameter) {
  return lower(request.parameter(parameter).value_or("")) == "true";
}

bool is_unset(const Request& request, std::string_view parameter) {
  return lower(request.parameter(parameter).value_or("")) == "false";
}

}  // namespace heddle::server
