#include "engine/server/request_checks.h"

#include <algorithm>

#include "engine/ascii.h"

namespace heddle::server {
namespace {

bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; }

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}
bool is_address_character(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == ':' || c == '.'; }

bool is_port(std::string_view text) {
  return text.size() <= 5 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

int count(const Request& request, std::string_view name) {
  int found = 0;
  for (const auto& [key, value] : request.headers) found += key == name;
  return found;
}

// Why the byte at `at` cannot be in a head; nothing if it can, or if the next byte must come first.
const char* broken_byte(std::string_view bytes, size_t at) {
  const char c = bytes[at];
  if (c == '\n') return at == 0 || bytes[at - 1] != '\r' ? "a line of the head ends without a carriage return" : nullptr;
  if (c == '\r') {
    const bool alone = at + 1 < bytes.size() && bytes[at + 1] != '\n';
    return alone ? "a carriage return without a line feed" : nullptr;
  }
  if (is_control(c)) return "a control character in the head";
  const bool starts_line = at >= 2 && bytes[at - 1] == '\n';
  return starts_line && (c == ' ' || c == '\t') ? "a header that goes on in the next line" : nullptr;
}

std::optional<BrokenRequest> check_length(const Request& request, bool is_http11) {
  const int lengths = count(request, "content-length"), codings = count(request, "transfer-encoding");
  const std::string_view length = request.header("content-length");
  if (lengths > 1 || length.find_first_not_of("0123456789") != std::string_view::npos || (lengths && length.empty())) {
    return BrokenRequest{400, "Content-Length must be one number"};
  }
  if (codings == 0) return std::nullopt;
  if (lengths) return BrokenRequest{400, "both Content-Length and Transfer-Encoding"};
  if (!is_http11) return BrokenRequest{400, "Transfer-Encoding is not of HTTP/1.0"};
  if (codings > 1 || lower(request.header("transfer-encoding")) != "chunked") {
    return BrokenRequest{501, "the one Transfer-Encoding that is understood is chunked"};
  }
  return std::nullopt;
}

std::optional<BrokenRequest> check_host(const Request& request, bool is_http11) {
  const int hosts = count(request, "host");
  if (hosts > 1 || (hosts == 0 && is_http11)) return BrokenRequest{400, "one Host header is needed"};
  const std::string_view host = request.header("host");
  if (!host.empty() && !parse_host(host)) return BrokenRequest{400, "the Host header names no host"};
  return std::nullopt;
}

std::optional<BrokenRequest> set_path(std::string_view target, Request& request) {
  const size_t question = target.find('?');
  request.path = std::string(target.substr(0, question));
  if (question != std::string_view::npos) request.query = parse_query(target.substr(question + 1));
  if (target.find('#') != std::string_view::npos) return BrokenRequest{400, "a fragment (#) in the address"};
  if (!percent_decoded(request.path)) return BrokenRequest{400, "a broken escape (%) in the address"};
  return std::nullopt;
}

}  // namespace

HeadScan scan_head(std::string_view bytes, size_t scanned) {
  HeadScan scan{scanned, {}, nullptr};
  for (size_t at = scanned; at < bytes.size(); ++at) {
    if ((scan.broken = broken_byte(bytes, at))) return scan;
    if (bytes[at] == '\n' && at >= 3 && bytes.substr(at - 3, 4) == "\r\n\r\n") {
      scan.size = at + 1;
      return scan;
    }
    // A carriage return at the end is looked at again, with what follows it.
    if (bytes[at] != '\r' || at + 1 < bytes.size()) scan.scanned = at + 1;
  }
  return scan;
}

std::optional<BrokenRequest> check_headers(const Request& request, bool is_http11) {
  if (auto broken = check_host(request, is_http11)) return broken;
  if (count(request, "origin") > 1) return BrokenRequest{400, "more than one Origin header"};
  if (count(request, "authorization") > 1) return BrokenRequest{400, "more than one Authorization header"};
  const std::string_view expect = request.header("expect");
  if (is_http11 && !expect.empty() && lower(expect) != "100-continue") {
    return BrokenRequest{417, "the one Expect that is understood is 100-continue"};
  }
  return check_length(request, is_http11);
}

std::optional<BrokenRequest> take_target(std::string_view target, Request& request) {
  if (target.starts_with('/')) return set_path(target, request);
  if (target == "*" && request.method == "OPTIONS") {
    request.path = "*";
    return std::nullopt;
  }
  const std::string scheme = lower(target.substr(0, target.find("://") + 1));
  if (scheme != "http:" && scheme != "https:") return BrokenRequest{400, "the address must begin with a slash"};
  target.remove_prefix(scheme.size() + 2);
  const size_t slash = std::min(target.find_first_of("/?"), target.size());
  if (lower(target.substr(0, slash)) != lower(request.header("host"))) {
    return BrokenRequest{400, "the address names another host than the Host header"};
  }
  target.remove_prefix(slash);
  return set_path(target.starts_with('/') ? std::string(target) : "/" + std::string(target), request);
}

std::optional<HostPort> parse_host(std::string_view text) {
  const std::string all = lower(text);
  const size_t bracket = all.starts_with('[') ? all.find(']') : 0;
  if (bracket == std::string::npos) return std::nullopt;
  const size_t colon = std::min(all.find(':', bracket), all.size());
  HostPort result{all.substr(0, colon), ""};
  if (colon < all.size()) result.port = all.substr(colon + 1);
  if (colon < all.size() && result.port.empty()) return std::nullopt;
  const bool is_address = bracket > 0;
  const std::string name = is_address ? result.host.substr(1, bracket - 1) : result.host;
  const bool ends_well = !is_address || bracket + 1 == result.host.size();
  const bool is_made_well = std::all_of(name.begin(), name.end(), is_address ? is_address_character : is_host_character);
  if (name.empty() || !ends_well || !is_made_well || !is_port(result.port)) return std::nullopt;
  return result;
}

}  // namespace heddle::server
