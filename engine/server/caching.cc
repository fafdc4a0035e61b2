#include "engine/server/caching.h"

#include <algorithm>
#include <array>

#include "engine/ascii.h"

namespace heddle::server {
namespace {

constexpr std::array<std::string_view, 9> kPictures{".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"};

bool is_picture(std::string_view path) {
  const std::string plain = lower(path);
  return std::any_of(kPictures.begin(), kPictures.end(), [&](std::string_view end) { return plain.ends_with(end); });
}

std::string_view picture_caching(int status) {
  if (status == 404) return "public, max-age=3600";
  if ((status >= 200 && status <= 206) || status == 301 || status == 308) return "public, max-age=86400";
  return status == 302 || status == 303 || status == 307 ? "no-cache" : "";
}

std::string_view caching_of(std::string_view path, int status) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (path.ends_with(".js") || path.ends_with(".css")) return "no-cache";
  if (name.starts_with("index") && name.ends_with(".json")) return "no-cache";
  return is_picture(path) ? picture_caching(status) : "";
}

}  // namespace

void add_caching(std::string_view path, Response& response) {
  const auto is_caching = [](const auto& header) { return lower(header.first) == "cache-control"; };
  if (std::any_of(response.headers.begin(), response.headers.end(), is_caching)) return;
  const std::string_view caching = caching_of(path, response.status);
  if (!caching.empty()) response.headers.emplace_back("Cache-Control", caching);
}

}  // namespace heddle::server
