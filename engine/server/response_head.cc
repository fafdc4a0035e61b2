#include "engine/server/response_head.h"

#include <algorithm>
#include <array>

namespace heddle::server {
namespace {

struct Reason {
  int status;
  std::string_view words;
};
constexpr Reason kReasons[] = {
    {100, "Continue"}, {101, "Switching Protocols"}, {200, "OK"}, {201, "Created"}, {202, "Accepted"},
    {204, "No Content"}, {206, "Partial Content"}, {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"},
    {304, "Not Modified"}, {307, "Temporary Redirect"}, {308, "Permanent Redirect"}, {400, "Bad Request"},
    {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"},
    {406, "Not Acceptable"}, {408, "Request Timeout"}, {409, "Conflict"}, {410, "Gone"}, {411, "Length Required"},
    {412, "Precondition Failed"}, {413, "Content Too Large"}, {414, "URI Too Long"}, {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"}, {417, "Expectation Failed"}, {422, "Unprocessable Content"},
    {426, "Upgrade Required"}, {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"}, {501, "Not Implemented"}, {503, "Service Unavailable"}, {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"}, {507, "Insufficient Storage"},
};

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void add_header(std::string& head, std::string_view name, std::string_view value) {
  head += name;
  head += ": ";
  for (const char c : value) head += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  head += "\r\n";
}

// The date changes once a second, and is asked for at every response.
const std::string& date_now() {
  thread_local std::time_t last = 0;
  thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != last) text = http_date(now);
  last = now;
  return text;
}

std::string two_digits(int number) {
  return {static_cast<char>('0' + number / 10 % 10), static_cast<char>('0' + number % 10)};
}

// The number in `size` digits at `at`, or -1.
int digits(std::string_view text, size_t at, size_t size) {
  int number = 0;
  for (const char c : text.substr(at, size)) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

}  // namespace

bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

std::string_view reason_of(int status) {
  const auto* found = std::lower_bound(std::begin(kReasons), std::end(kReasons), status,
                                       [](const Reason& reason, int wanted) { return reason.status < wanted; });
  return found != std::end(kReasons) && found->status == status ? found->words : "Other";
}

std::string response_head(const Response& response, const Fields& more, const Framing& framing) {
  std::string head;
  head.reserve(512);
  head += framing.is_http11 ? "HTTP/1.1 " : "HTTP/1.0 ";
  head += std::to_string(response.status);
  head += ' ';
  head += reason_of(response.status);
  head += "\r\n";
  if (has_body(response.status)) {
    add_header(head, "Content-Type", response.type.empty() ? "application/octet-stream" : response.type);
    if (framing.chunked) add_header(head, "Transfer-Encoding", "chunked");
    if (framing.length) add_header(head, "Content-Length", std::to_string(*framing.length));
  }
  add_header(head, "Date", date_now());
  add_header(head, "X-Content-Type-Options", "nosniff");
  if (!framing.keeps_alive) add_header(head, "Connection", "close");
  if (framing.keeps_alive && !framing.is_http11) add_header(head, "Connection", "keep-alive");
  for (const auto& [name, value] : response.headers) add_header(head, name, value);
  for (const auto& [name, value] : more) add_header(head, name, value);
  head += "\r\n";
  return head;
}

std::string http_date(std::time_t time) {
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::string text;
  text += kDays[parts.tm_wday];
  text += ", " + two_digits(parts.tm_mday) + " ";
  text += kMonths[parts.tm_mon];
  text += " " + std::to_string(parts.tm_year + 1900) + " " + two_digits(parts.tm_hour) + ":" +
          two_digits(parts.tm_min) + ":" + two_digits(parts.tm_sec) + " GMT";
  return text;
}

std::optional<std::time_t> parse_http_date(std::string_view text) {
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const auto* month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  std::tm parts{};
  parts.tm_mday = digits(text, 5, 2);
  parts.tm_mon = static_cast<int>(month - kMonths.begin());
  parts.tm_year = digits(text, 12, 4) - 1900;
  parts.tm_hour = digits(text, 17, 2);
  parts.tm_min = digits(text, 20, 2);
  parts.tm_sec = digits(text, 23, 2);
  const bool is_date = month != kMonths.end() && parts.tm_mday > 0 && parts.tm_year >= -300 && parts.tm_hour >= 0 &&
                       parts.tm_min >= 0 && parts.tm_sec >= 0;
  if (!is_date) return std::nullopt;
  const std::time_t time = timegm(&parts);
  return http_date(time) == text ? std::optional(time) : std::nullopt;  // refuses the 31st of February
}

}  // namespace heddle::server
