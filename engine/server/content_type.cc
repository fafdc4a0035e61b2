#include "engine/server/content_type.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/ascii.h"
#include "engine/server/http.h"
#include "engine/text_encoding.h"

namespace heddle::server {
namespace {

using Type = std::pair<std::string_view, std::string_view>;

constexpr Type kTypes[] = {
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".webp", "image/webp"},
    {".gif", "image/gif"},
    {".avif", "image/avif"},
    {".bmp", "image/bmp"},
    {".tif", "image/tiff"},
    {".tiff", "image/tiff"},
    {".ico", "image/vnd.microsoft.icon"},
    {".svg", "image/svg+xml"},
    {".svgz", "image/svg+xml"},
    {".mp4", "video/mp4"},
    {".m4v", "video/mp4"},
    {".webm", "video/webm"},
    {".mkv", "video/x-matroska"},
    {".mov", "video/quicktime"},
    {".mp3", "audio/mpeg"},
    {".m4a", "audio/mp4"},
    {".wav", "audio/x-wav"},
    {".flac", "audio/flac"},
    {".ogg", "audio/ogg"},
    {".opus", "audio/opus"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".txt", "text/plain"},
    {".md", "text/markdown"},
    {".csv", "text/csv"},
    {".yaml", "application/yaml"},
    {".yml", "application/yaml"},
    {".pdf", "application/pdf"},
    {".html", "text/html"},
    {".htm", "text/html"},
    {".xhtml", "application/xhtml+xml"},
    {".xht", "application/xhtml+xml"},
    {".xml", "application/xml"},
    {".xsl", "application/xml"},
    {".js", "text/javascript"},
    {".mjs", "text/javascript"},
    {".css", "text/css"},
    {".wasm", "application/wasm"},
    {".woff", "font/woff"},
    {".woff2", "font/woff2"},
    {".ttf", "font/ttf"},
    {".otf", "font/otf"},
    {".glb", "model/gltf-binary"},
    {".gltf", "model/gltf+json"},
};

constexpr std::array<std::string_view, 6> kActive = {"text/html",        "application/xhtml+xml", "application/xml",
                                                     "image/svg+xml",    "text/javascript",       "text/css"};

}  // namespace

std::string_view content_type_of(const std::filesystem::path& file) {
  const std::string extension = lower(file.extension().string());
  const auto found = std::find_if(std::begin(kTypes), std::end(kTypes),
                                  [&](const Type& type) { return type.first == extension; });
  return found == std::end(kTypes) ? "application/octet-stream" : found->second;
}

std::string site_type_of(const std::filesystem::path& file) {
  const std::string type(content_type_of(file));
  return type.starts_with("text/") || type == "application/json" ? type + "; charset=utf-8" : type;
}

bool is_active_content(std::string_view type) {
  return std::find(kActive.begin(), kActive.end(), type) != kActive.end();
}

std::string named_file(const std::string& name) {
  std::string plain;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') plain += '\\';
    // A line break would begin another header; what is beyond ASCII has no agreed meaning in one.
    plain += byte < 0x20 || byte >= 0x7F ? '_' : c;
  }
  std::string value = "filename=\"" + plain + "\"";
  if (!is_ascii(name)) value += "; filename*=UTF-8''" + percent_encoded(name);
  return value;
}

}  // namespace heddle::server
