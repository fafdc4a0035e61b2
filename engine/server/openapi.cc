#include "engine/server/openapi.h"

#include "engine/ascii.h"
#include "engine/json_access.h"
#include "engine/server/problem_json.h"
#include "engine/server/site.h"
#include "engine/version.h"

namespace heddle::server {
namespace {

Json schema_of(const Json& schema) {
  if (!schema.is_string()) return schema;
  return {{"$ref", "#/components/schemas/" + schema.get<std::string>()}};
}

Json content_of(const Json& schema, const char* media) {
  return {{media, {{"schema", schema.is_null() ? Json{{"type", "string"}, {"format", "binary"}} : schema_of(schema)}}}};
}

// "/v1/jobs/{id}" names its parameters itself; "{path...}" takes the rest.
Json path_parameters(std::string& pattern) {
  Json parameters = Json::array();
  for (size_t begin = pattern.find('{'); begin != pattern.npos; begin = pattern.find('{', begin + 1)) {
    const size_t end = pattern.find('}', begin);
    std::string name = pattern.substr(begin + 1, end - begin - 1);
    if (name.ends_with("...")) {
      name.resize(name.size() - 3);
      pattern.replace(begin, end - begin + 1, "{" + name + "}");
    }
    parameters.push_back({{"name", name}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}});
  }
  return parameters;
}

// A name for generators of clients: "get_v1_jobs_id".
std::string operation_id(const std::string& method, const std::string& path) {
  std::string id = lower(method);
  for (const char c : path) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (is_letter) {
      id += c;
    } else if (!id.ends_with('_')) {
      id += '_';
    }
  }
  while (id.ends_with('_')) id.pop_back();
  return id;
}

}  // namespace

Operation::Operation(const char* tag, const char* summary, const char* description) {
  json_ = {{"tags", {tag}}, {"summary", summary}};
  if (*description) json_["description"] = description;
  json_["parameters"] = Json::array();
  json_["responses"] = Json::object();
}

Operation& Operation::query(const char* name, const char* type, const char* help) {
  json_["parameters"].push_back({{"name", name}, {"in", "query"}, {"description", help}, {"schema", {{"type", type}}}});
  return *this;
}

Operation& Operation::header(const char* name, const char* help) {
  json_["parameters"].push_back(
      {{"name", name}, {"in", "header"}, {"description", help}, {"schema", {{"type", "string"}}}});
  return *this;
}

Operation& Operation::takes(const Json& schema, const char* help, const char* media) {
  Json& body = json_["requestBody"];
  if (*help) body["description"] = help;
  body["content"] = content_of(schema, media);
  return *this;
}

Operation& Operation::gives(int status, const char* help, const Json& schema, const char* media) {
  Json& response = json_["responses"][std::to_string(status)];
  response["description"] = help;
  if (schema.is_null() && std::string_view(media) == "application/json") return *this;
  response["content"].update(content_of(schema, media));
  return *this;
}

Operation& Operation::refuses(std::initializer_list<std::pair<int, const char*>> statuses) {
  for (const auto& [status, help] : statuses) gives(status, help, "Problem", "application/problem+json");
  return *this;
}

Json openapi_document(const Routes& routes) {
  Json paths = Json::object();
  for (const Route& route : routes.all()) {
    if (route.about.is_null()) continue;
    std::string path = route.pattern;
    Json operation = route.about;
    Json parameters = path_parameters(path);
    for (const Json& more : items_of(member(operation, "parameters"))) parameters.push_back(more);
    operation["parameters"] = std::move(parameters);
    operation["operationId"] = operation_id(route.method, path);
    paths[path][lower(route.method)] = std::move(operation);
  }
  return {{"openapi", "3.1.0"},
          {"info",
           {{"title", "heddle"},
            {"version", version()},
            {"description",
             "Runs diffusion workflows: graphs and pipelines as jobs in a durable queue. Problems are "
             "RFC 9457. Where the server asks for a token, send it as Authorization: Bearer."},
            {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
          {"servers", {{{"url", "/"}}}},
          {"paths", std::move(paths)},
          {"components",
           {{"schemas", v1_schemas()}, {"securitySchemes", {{"token", {{"type", "http"}, {"scheme", "bearer"}}}}}}}};
}

void add_openapi_routes(Routes& routes, Site&) {
  const Json about_document =
      Operation("About", "This interface as OpenAPI 3.1").gives(200, "The document.", Json{{"type", "object"}});
  const Json about_page =
      Operation("About", "This interface to read").gives(200, "A page.", Json{{"type", "string"}}, "text/html");
  // Made when first asked for: then all routes are there.
  const auto serve = [&routes](const char* type, auto make) {
    return [&routes, type, make](const Request&, Respond respond) {
      Response response;
      response.type = type;
      response.body = make(openapi_document(routes));
      respond(std::move(response));
    };
  };
  routes.add({"GET", "/v1/openapi.json",
              serve("application/json", [](const Json& document) { return v1_text(document); }), about_document});
  routes.add({"GET", "/v1/docs", serve("text/html; charset=utf-8", openapi_page), about_page});
}

}  // namespace heddle::server
