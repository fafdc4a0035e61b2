// ComfyUI's routes for the log. They exist without /api only.
#include "engine/json_access.h"
#include "engine/server/log_book.h"
#include "engine/server/refusal.h"
#include "engine/server/site.h"

namespace heddle::server {
namespace {

constexpr size_t kMaxClientId = 256;

Response all_lines(const LogBook& book) {
  std::string text;
  for (const LogLine& line : book.lines()) {
    const Json entry = log_entry(line);
    text += entry["t"].get<std::string>() + " - " + entry["m"].get<std::string>();
  }
  return json_response(text);
}

Response raw_lines(const LogBook& book) {
  Json entries = Json::array();
  for (const LogLine& line : book.lines()) entries.push_back(log_entry(line));
  return json_response({{"entries", std::move(entries)}, {"size", log_size()}});
}

Response subscribe(LogBook& book, const Request& request) {
  const Json body = object_body(request);
  const std::string client(text_or(member(body, "clientId"), ""));
  const Json& enabled = member(body, "enabled");
  if (client.empty() || client.size() > kMaxClientId || !enabled.is_boolean()) {
    throw Refusal(400, "expected {\"clientId\": ID of a WebSocket, \"enabled\": true or false}");
  }
  is_true(enabled) ? book.subscribe(client) : book.unsubscribe(client);
  return empty_response();
}

}  // namespace

void add_comfy_log_routes(Routes& routes, Site& site) {
  LogBook& book = site.log;
  routes.add("GET", "/internal/logs", Handler([&book](const Request&) { return all_lines(book); }));
  routes.add("GET", "/internal/logs/raw", Handler([&book](const Request&) { return raw_lines(book); }));
  routes.add("PATCH", "/internal/logs/subscribe",
             answering_refusals([&book](const Request& request) { return subscribe(book, request); }));
}

}  // namespace heddle::server
