#include "engine/server/problem_json.h"

namespace heddle::server {
namespace {

std::string_view title_of(int status) {
  switch (status) {
    case 400: return "Bad request";
    case 404: return "Not found";
    case 409: return "Conflict";
    case 412: return "Precondition failed";
    case 413: return "Too large";
    case 415: return "Not of a type that is taken";
    case 422: return "Cannot be run as it is";
    case 429: return "The queue is full";
    case 503: return "Not now";
    default: return status < 500 ? "Refused" : "Failed";
  }
}

void add_text(Json& json, const char* name, const std::string& text) {
  if (!text.empty()) json[name] = text;
}

}  // namespace

std::string v1_text(const Json& body) { return body.dump(-1, ' ', false, Json::error_handler_t::replace); }

Response v1_response(const Json& body, int status) {
  Response response;
  response.status = status;
  response.type = "application/json";
  response.body = v1_text(body) + "\n";
  return response;
}

Response problem_response(int status, std::string_view kind, const std::string& detail, const Json& more) {
  Json body{
      {"type", "urn:heddle:" + std::string(kind)}, {"title", title_of(status)}, {"status", status}, {"detail", detail}};
  body.update(more);
  Response response = v1_response(body, status);
  response.type = "application/problem+json";
  return response;
}

Json problem_json(const Problem& problem) {
  Json json = Json::object();
  add_text(json, "step", problem.step);
  add_text(json, "node", problem.node);
  add_text(json, "socket", problem.socket);
  json["kind"] = problem.kind;
  json["message"] = problem.message;
  return json;
}

Json problems_json(const Problems& problems) {
  Json list = Json::array();
  for (const Problem& problem : problems) list.push_back(problem_json(problem));
  return list;
}

Response invalid_response(const Problems& problems, const Problems& warnings, const Json& more) {
  std::string detail = problems.empty() ? "" : to_text(problems.front());
  if (problems.size() > 1) detail += " (and " + std::to_string(problems.size() - 1) + " more, see problems)";
  Json body{{"problems", problems_json(problems)}};
  if (!warnings.empty()) body["warnings"] = problems_json(warnings);
  body.update(more);
  return problem_response(422, "invalid_request", detail, body);
}

Response no_such(const std::string& what, const std::string& name) {
  return problem_response(404, "not_found", "there is no " + what + " \"" + name + "\"");
}

}  // namespace heddle::server
