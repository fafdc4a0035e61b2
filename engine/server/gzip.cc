#include "engine/server/gzip.h"

#include <zlib.h>

#include <algorithm>

#include "engine/ascii.h"

namespace heddle::server {
namespace {

constexpr size_t kWorthIt = 1 << 10;
constexpr int kGzipWindow = 15 + 16;

bool is_text(std::string_view type) { return type.starts_with("application/json") || type.starts_with("text/"); }

// Level 1: the network that is faster than that needs no compression. Empty on failure.
std::string gzipped(const std::string& text) {
  z_stream stream{};
  if (deflateInit2(&stream, 1, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(done ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

bool is_refused(std::string_view weight) {
  return weight.starts_with("q=") && weight.size() > 2 && weight.find_first_not_of("0.", 2) == std::string_view::npos;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    const size_t comma = std::min(accept_encoding.find(','), accept_encoding.size());
    const std::string_view item = accept_encoding.substr(0, comma);
    accept_encoding.remove_prefix(std::min(comma + 1, accept_encoding.size()));
    const size_t semicolon = std::min(item.find(';'), item.size());
    if (trimmed(item.substr(0, semicolon)) != "gzip") continue;
    return semicolon == item.size() || !is_refused(trimmed(item.substr(semicolon + 1)));
  }
  return false;
}

void compress_body(const Request& request, Response& response) {
  const bool is_whole = !response.file && !response.stream && response.status != 206;
  if (!is_whole || response.body.size() < kWorthIt || !is_text(response.type)) return;
  const auto is_encoding = [](const auto& field) { return field.first == "Content-Encoding"; };
  if (std::any_of(response.headers.begin(), response.headers.end(), is_encoding)) return;
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (!accepts_gzip(request.header("accept-encoding"))) return;
  std::string smaller = gzipped(response.body);
  if (smaller.empty() || smaller.size() >= response.body.size()) return;
  response.body = std::move(smaller);
  response.headers.emplace_back("Content-Encoding", "gzip");
}

}  // namespace heddle::server
