// The files of a folder as a web site: ComfyUI's web frontend, with the types and the caching it expects.
#include <algorithm>
#include <cctype>

#include "engine/ascii.h"
#include "engine/server/safe_path.h"
#include "engine/server/site.h"

namespace heddle::server {
namespace {
namespace fs = std::filesystem;

struct TypeOfExtension {
  std::string_view extension, type;
};
// With nosniff a browser runs a script only under a script's type.
constexpr TypeOfExtension kTypes[] = {
    {".html", "text/html; charset=utf-8"},
    {".htm", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json; charset=utf-8"},
    {".map", "application/json; charset=utf-8"},
    {".webmanifest", "application/manifest+json"},
    {".md", "text/markdown; charset=utf-8"},
    {".txt", "text/plain; charset=utf-8"},
    {".xml", "application/xml"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".gif", "image/gif"},
    {".webp", "image/webp"},
    {".avif", "image/avif"},
    {".bmp", "image/bmp"},
    {".ico", "image/x-icon"},
    {".woff", "font/woff"},
    {".woff2", "font/woff2"},
    {".ttf", "font/ttf"},
    {".otf", "font/otf"},
    {".wasm", "application/wasm"},
    {".mp3", "audio/mpeg"},
    {".mp4", "video/mp4"},
    {".webm", "video/webm"},
};
constexpr std::string_view kPictures[] = {".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"};

std::string_view type_of(const std::string& extension) {
  for (const TypeOfExtension& entry : kTypes) {
    if (entry.extension == extension) return entry.type;
  }
  return "application/octet-stream";
}

bool is_picture(const std::string& extension) {
  return std::find(std::begin(kPictures), std::end(kPictures), extension) != std::end(kPictures);
}

// ComfyUI's rules by path: what may change under its name is asked for again, pictures are kept.
void add_caching(const fs::path& path, Response& response) {
  const std::string name = path.filename().string(), extension = path.extension().string();
  const bool is_index = name.starts_with("index") && extension == ".json";
  if (extension == ".js" || extension == ".css" || is_index) {
    response.headers.emplace_back("Cache-Control", "no-cache");
  } else if (is_picture(lower(extension))) {
    response.headers.emplace_back("Cache-Control", response.status == 404 ? "public, max-age=3600"
                                                                          : "public, max-age=86400");
  }
}

Response not_found(const fs::path& path) {
  Response response = text_response("404: Not Found", 404);
  add_caching(path, response);
  return response;
}

Response file_response(const fs::path& path) {
  Response response;
  response.type = type_of(lower(path.extension().string()));
  response.file = path;
  add_caching(path, response);
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
