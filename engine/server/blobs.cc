#include "engine/server/blobs.h"

#include <algorithm>
#include <array>
#include <fstream>

#include "engine/atomic_file.h"
#include "engine/key.h"

namespace heddle::server {
namespace {

namespace fs = std::filesystem;

// Nodes and people go by the end of a name.
std::string_view extension_of(std::string_view begin) {
  if (begin.starts_with("\x89PNG")) return ".png";
  if (begin.starts_with("\xff\xd8\xff")) return ".jpg";
  if (begin.starts_with("RIFF") && begin.substr(8).starts_with("WEBP")) return ".webp";
  return "";
}

std::string first_bytes(const fs::path& file) {
  std::array<char, 16> bytes{};
  std::ifstream in(file, std::ios::binary);
  in.read(bytes.data(), bytes.size());
  return std::string(bytes.data(), size_t(in.gcount()));
}

// Shares the bytes on the disk where the file system can.
void link_or_copy(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (fs::exists(to, error)) return;
  fs::create_directories(to.parent_path());
  fs::create_hard_link(from, to, error);
  if (!error || error == std::errc::file_exists) return;
  write_new_file(to, read_file(from));
}

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

}  // namespace

bool is_sha256(std::string_view text) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() == 64 && std::all_of(text.begin(), text.end(), is_digit);
}

std::string sha256_of(std::string_view bytes) {
  Hasher hasher;
  hasher.add_raw(bytes.data(), bytes.size());
  return hasher.finish().hex();
}

Blobs::Added Blobs::add(std::string_view bytes) const {
  Added added{.sha256 = sha256_of(bytes)};
  const fs::path path = path_of(added.sha256);
  std::error_code error;
  if (fs::exists(path, error)) return added;
  fs::create_directories(path.parent_path());
  added.is_new = write_new_file(path, bytes);
  return added;
}

std::optional<fs::path> Blobs::find(std::string_view sha256) const {
  if (!is_sha256(sha256)) return std::nullopt;
  fs::path path = path_of(sha256);
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return std::nullopt;
  return path;
}

std::string Blobs::extension(std::string_view sha256) const {
  return std::string(extension_of(first_bytes(path_of(sha256))));
}

std::optional<std::string> Blobs::as_input(const std::string& sha256, const Folders& folders) const {
  const auto path = find(sha256);
  if (!path) return std::nullopt;
  const std::string name = "blobs/" + sha256 + extension(sha256);
  link_or_copy(*path, folders.input / name);
  return name;
}

fs::path Blobs::path_of(std::string_view sha256) const { return folder_ / sha256.substr(0, 2) / sha256.substr(2); }

std::optional<std::string> base64_decoded(std::string_view text) {
  if (text.starts_with("data:")) {
    constexpr std::string_view kMark = ";base64,";
    const size_t mark = text.find(kMark);
    if (mark == text.npos) return std::nullopt;
    text.remove_prefix(mark + kMark.size());
  }
  while (text.ends_with('=') || text.ends_with('\n')) text.remove_suffix(1);
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  uint32_t gathered = 0;
  int bits = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r') continue;
    const int digit = base64_digit(c);
    if (digit < 0) return std::nullopt;
    gathered = gathered << 6 | uint32_t(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += char(gathered >> bits & 0xff);
  }
  if (bits >= 6) return std::nullopt;  // a lone digit
  return bytes;
}

}  // namespace heddle::server
