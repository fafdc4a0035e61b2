#include "engine/server/editor_files.h"

#include <map>

#include "engine/server/blobs.h"
#include "engine/server/content_type.h"

namespace heddle::server {
namespace {

// React Flow places nodes with inline styles. Nothing else may come from elsewhere than this server.
constexpr std::string_view kPolicy =
    "default-src 'self'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

struct Served {
  EmbeddedFile file;
  std::string etag, type;
};
using ServedByPath = std::map<std::string_view, Served>;

Response served_file(const Served& served, const Request& request) {
  const bool has_hash = served.file.path.starts_with("assets/");
  Response response{.status = 200, .type = served.type, .body = ""};
  response.headers = {{"ETag", served.etag},
                      {"Cache-Control", has_hash ? "public, max-age=31536000, immutable" : "no-cache"},
                      {"Vary", "Accept-Encoding"},
                      {"Content-Security-Policy", std::string(kPolicy)},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cross-Origin-Opener-Policy", "same-origin"}};
  if (request.header("if-none-match") == served.etag) {
    response.status = 304;
  } else {
    response.body = served.file.bytes;
  }
  return response;
}

Response answer_editor(const ServedByPath& files, const Request& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    Response response = text_response("405: Method Not Allowed", 405);
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  const std::string_view path = std::string_view(request.path).substr(1);
  const auto found = files.find(path.empty() ? "index.html" : path);
  return found == files.end() ? text_response("404: Not Found", 404) : served_file(found->second, request);
}

}  // namespace

Handler editor_files(std::span<const EmbeddedFile> files) {
  ServedByPath by_path;
  for (const EmbeddedFile& file : files) {
    by_path.emplace(file.path, Served{file, "\"" + sha256_of(file.bytes).substr(0, 32) + "\"", site_type_of(file.path)});
  }
  return [files = std::move(by_path)](const Request& request) { return answer_editor(files, request); };
}

}  // namespace heddle::server
