// Where a webhook may go, and how a receiver can tell that it came from here. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heddle {

struct WebhookUrl {
  bool tls = false;
  std::string host;  // lower case, without brackets
  int port = 80;
  std::string path;  // with the query: "/hooks?from=heddle"

  std::string host_and_port() const;  // "hooks.lan:80", "[::1]:80"
};

/// Nothing if it is no plain http or https address: a user name, a fragment, a space or an odd port in it...
std::optional<WebhookUrl> parse_webhook_url(std::string_view url);

/// What is wrong with the address in words, or nothing. `allowed` are hosts, "hooks.lan" for any port of it or
/// "hooks.lan:8443" for one; an address in numbers counts as a name like any other.
std::optional<std::string> webhook_problem(std::string_view url, const std::vector<std::string>& allowed);

/// "t=UNIX,v1=HEX": HMAC-SHA256 of "UNIX.BODY" by the secret.
std::string webhook_signature(std::string_view secret, int64_t unix_seconds, std::string_view body);

}  // namespace heddle
