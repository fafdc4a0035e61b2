#include "engine/jobs/webhook_target.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "engine/ascii.h"

namespace heddle {
namespace {

constexpr size_t kLongestUrl = 2048;

// "name:80" and "[::1]:80" into their parts; the port stays as it is where none is given.
bool split_host(std::string_view text, std::string& host, int& port) {
  size_t end = text.find(':');
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == text.npos) return false;
    host = lower(text.substr(1, close - 1));
    end = close + 1 < text.size() ? close + 1 : text.npos;
    if (end != text.npos && text[end] != ':') return false;
  } else {
    host = lower(text.substr(0, end));
  }
  if (host.empty()) return false;
  if (end == text.npos) return true;
  const std::string_view digits = text.substr(end + 1);
  const auto [last, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return error == std::errc() && last == digits.data() + digits.size() && port > 0 && port < 65536;
}

bool is_allowed(const WebhookUrl& url, const std::string& allowed) {
  std::string host;
  int port = 0;
  if (allowed.find("::") != allowed.npos && !allowed.starts_with('[')) {
    host = lower(allowed);  // a bare IPv6 address
  } else if (!split_host(allowed, host, port)) {
    return false;
  }
  return host == url.host && (port == 0 || port == url.port);
}

}  // namespace

std::string WebhookUrl::host_and_port() const {
  const bool numbers = host.find(':') != host.npos;
  return (numbers ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<WebhookUrl> parse_webhook_url(std::string_view url) {
  const bool plain = std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 127 && c != '\\'; });
  if (!plain || url.size() > kLongestUrl || url.find('#') != url.npos) return std::nullopt;
  WebhookUrl parsed;
  const size_t colon = url.find("://");
  if (colon == url.npos) return std::nullopt;
  const std::string scheme = lower(url.substr(0, colon));
  if (scheme != "http" && scheme != "https") return std::nullopt;
  parsed.tls = scheme == "https";
  parsed.port = parsed.tls ? 443 : 80;
  url.remove_prefix(colon + 3);
  const size_t end = std::min(url.find_first_of("/?"), url.size());
  if (url.substr(0, end).find('@') != url.npos) return std::nullopt;
  if (!split_host(url.substr(0, end), parsed.host, parsed.port)) return std::nullopt;
  parsed.path = std::string(url.substr(end));
  if (!parsed.path.starts_with('/')) parsed.path.insert(0, 1, '/');
  return parsed;
}

std::optional<std::string> webhook_problem(std::string_view url, const std::vector<std::string>& allowed) {
  const auto parsed = parse_webhook_url(url);
  if (!parsed) {
    return "\"" + std::string(url.substr(0, 200)) +
           "\" is no address for a webhook; expected http://HOST/PATH or https://HOST/PATH";
  }
  const auto fits = [&](const std::string& host) { return is_allowed(*parsed, host); };
  if (std::any_of(allowed.begin(), allowed.end(), fits)) return std::nullopt;
  return "webhooks to " + parsed->host_and_port() +
         " are not allowed; whoever starts the server allows them by --webhook-host " + parsed->host;
}

std::string webhook_signature(std::string_view secret, int64_t unix_seconds, std::string_view body) {
  const std::string time = std::to_string(unix_seconds);
  const std::string text = time + "." + std::string(body);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (!HMAC(EVP_sha256(), secret.data(), int(secret.size()), reinterpret_cast<const unsigned char*>(text.data()),
            text.size(), digest, &size)) {
    throw std::runtime_error("OpenSSL failed to compute an HMAC");
  }
  constexpr char kDigits[] = "0123456789abcdef";
  std::string signature = "t=" + time + ",v1=";
  for (unsigned int k = 0; k < size; ++k) {
    signature += kDigits[digest[k] >> 4];
    signature += kDigits[digest[k] & 15];
  }
  return signature;
}

}  // namespace heddle
