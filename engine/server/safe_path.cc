#include "engine/server/safe_path.h"

#include <algorithm>
#include <array>
#include <system_error>

#include "engine/utf8.h"

namespace heddle::server {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMaxPart = 255;  // of one part, as file systems have it
constexpr size_t kMaxPath = 4000;

// What normalisation, fonts or a helpful tool further on turn into '/', '\' or '.'.
constexpr std::array<char32_t, 14> kLookAlikes = {
    0x2024,  // one dot leader
    0x2025,  // two dot leader
    0x2044,  // fraction slash
    0x2215,  // division slash
    0x2216,  // set minus
    0x29F5,  // reverse solidus operator
    0x29F8,  // big solidus
    0x29F9,  // big reverse solidus
    0xFE52,  // small full stop
    0xFE68,  // small reverse solidus
    0xFF0E,  // fullwidth full stop
    0xFF0F,  // fullwidth solidus
    0xFF3C,  // fullwidth reverse solidus
    0xFF61,  // halfwidth ideographic full stop
};

bool is_allowed(char32_t point) {
  if (point < 0x20 || (point >= 0x7F && point < 0xA0)) return false;
  if (point == U'\\' || point == kInvalidCodePoint) return false;
  return std::find(kLookAlikes.begin(), kLookAlikes.end(), point) == kLookAlikes.end();
}

bool has_only_allowed_characters(std::string_view name) {
  for (size_t at = 0; at < name.size();) {
    if (!is_allowed(next_code_point(name, at))) return false;
  }
  return true;
}

bool is_safe_part(std::string_view part, Hidden hidden) {
  if (part.empty() || part.size() > kMaxPart) return false;
  if (part.front() != '.') return true;
  return hidden == Hidden::kAllowed && part != "." && part != ".." && !part.starts_with(".heddle-");
}

bool has_only_safe_parts(std::string_view name, Hidden hidden) {
  for (;;) {
    const size_t slash = name.find('/');
    if (!is_safe_part(name.substr(0, slash), hidden)) return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

bool is_below(const fs::path& folder, const fs::path& path) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

// A link whose target is missing counts as leading out: writing through it would make a file there.
bool leads_out(const fs::path& link, const fs::path& canonical_root) {
  std::error_code error;
  const fs::path target = fs::canonical(link, error);
  return error || !is_below(canonical_root, target);
}

}  // namespace

bool is_safe_name(std::string_view name, Hidden hidden) {
  return name.size() <= kMaxPath && has_only_allowed_characters(name) && has_only_safe_parts(name, hidden);
}

std::optional<fs::path> inside(const fs::path& root, std::string_view name, Hidden hidden) {
  if (!is_safe_name(name, hidden)) return std::nullopt;
  std::error_code error;
  const fs::path canonical_root = fs::weakly_canonical(root, error);
  if (error) return std::nullopt;

  fs::path path = root;
  for (const fs::path& part : fs::path(name)) {
    path /= part;
    const fs::file_status status = fs::symlink_status(path, error);
    if (status.type() == fs::file_type::not_found) break;  // nor is anything below it
    if (status.type() == fs::file_type::none) return std::nullopt;
    if (fs::is_symlink(status) && leads_out(path, canonical_root)) return std::nullopt;
  }
  return root / name;
}

}  // namespace heddle::server
