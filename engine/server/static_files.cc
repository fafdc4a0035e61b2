// The files of a folder as a web site: ComfyUI's web frontend, with the types and the caching it expects.
#include "engine/server/caching.h"
#include "engine/server/content_type.h"
#include "engine/server/safe_path.h"
#include "engine/server/site.h"

namespace heddle::server {
namespace {
namespace fs = std::filesystem;

Response not_found(const fs::path& path) {
  Response response = text_response("404: Not Found", 404);
  add_caching(path.native(), response);
  return response;
}

Response file_response(const fs::path& path) {
  Response response;
  response.type = site_type_of(path);
  response.file = path;
  add_caching(path.native(), response);
  return response;
}

// The page names its scripts by their content: it must be asked for at every start.
Response index_response(const fs::path& folder) {
  Response response = file_response(folder / "index.html");
  response.headers = {{"Cache-Control", "no-cache"}, {"Pragma", "no-cache"}, {"Expires", "0"}};
  return response;
}

Response answer(const fs::path& folder, const Request& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    Response response = text_response("405: Method Not Allowed", 405);
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  if (request.path == "/" || request.path == "/index.html") return index_response(folder);
  const std::string name = percent_decoded(request.path).value_or("/").substr(1);
  const std::optional<fs::path> path = inside(folder, name.ends_with('/') ? name.substr(0, name.size() - 1) : name);
  if (!path) return not_found(name);
  std::error_code error;
  const fs::file_status status = fs::status(*path, error);
  if (fs::is_directory(status)) return text_response("403: Forbidden", 403);
  if (!fs::is_regular_file(status) || name.ends_with('/')) return not_found(*path);
  return file_response(*path);
}

}  // namespace

Handler folder_files(fs::path folder) {
  return [folder = std::move(folder)](const Request& request) { return answer(folder, request); };
}

}  // namespace heddle::server
