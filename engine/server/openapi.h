// What /v1 says of itself. Each route carries an OpenAPI operation, made here beside its handler; the document and the
// readable page are made from all of them, so neither can say what is not there.
#pragma once

#include <string>
#include <string_view>

#include "engine/server/http.h"

namespace heddle::server {

/// Builds Route::about. Parameters of the path come from the pattern by themselves.
class Operation {
 public:
  Operation(const char* tag, const char* summary, const char* description = "");

  Operation& query(const char* name, const char* type, const char* help);
  Operation& header(const char* name, const char* help);
  /// Schemas are names of components ("Job"), or schemas themselves.
  Operation& takes(const Json& schema, const char* help = "", const char* media = "application/json");
  Operation& gives(int status, const char* help, const Json& schema = nullptr, const char* media = "application/json");
  /// Further statuses that are problems: {404, 422}.
  Operation& refuses(std::initializer_list<std::pair<int, const char*>> statuses);
  operator Json() const { return json_; }

 private:
  Json json_;
};

/// The OpenAPI 3.1 document of all routes that have an `about`.
Json openapi_document(const Routes& routes);
/// The same for people, in one file that loads nothing.
std::string openapi_page(const Json& document);

/// {"Job": schema...}.
Json v1_schemas();

}  // namespace heddle::server
