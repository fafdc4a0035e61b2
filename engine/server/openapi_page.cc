#include <map>

#include "engine/json_access.h"
#include "engine/server/openapi.h"

namespace heddle::server {
namespace {

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>heddle: /v1</title><style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
details { border: 1px solid #8884; border-radius: .4rem; margin: .4rem 0; padding: .3rem .8rem; }
summary { cursor: pointer; }
summary b { display: inline-block; min-width: 4.5rem; }
table { border-collapse: collapse; margin: .5rem 0; }
td { border-top: 1px solid #8884; padding: .2rem .8rem .2rem 0; vertical-align: top; }
pre { overflow: auto; background: #8881; padding: .6rem; border-radius: .4rem; }
</style></head><body>
)";

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '&': result += "&amp;"; break;
      case '"': result += "&quot;"; break;
      default: result += c;
    }
  }
  return result;
}

std::string upper(std::string text) {
  for (char& c : text) c = char(c >= 'a' && c <= 'z' ? c - 32 : c);
  return text;
}

std::string text_of(const Json& json, const char* name) { return escaped(text_or(member(json, name), "")); }

// "Job", or what the schema is in a word.
std::string schema_text(const Json& schema) {
  const std::string_view reference = text_or(member(schema, "$ref"), "");
  if (reference.empty()) return text_of(schema, "type");
  const std::string name = escaped(reference.substr(reference.rfind('/') + 1));
  return "<a href=\"#" + name + "\">" + name + "</a>";
}

std::string content_text(const Json& content) {
  std::string text;
  if (!content.is_object()) return text;
  for (const auto& [media, body] : content.items()) {
    text += (text.empty() ? "" : ", ") + ("<code>" + escaped(media) + "</code> ") + schema_text(member(body, "schema"));
  }
  return text;
}

std::string parameters_text(const Json& operation) {
  std::string rows;
  for (const Json& parameter : items_of(member(operation, "parameters"))) {
    rows += "<tr><td><code>" + text_of(parameter, "name") + "</code><td>" + text_of(parameter, "in") + "<td>" +
            text_of(parameter, "description") + "\n";
  }
  return rows.empty() ? "" : "<table>" + rows + "</table>";
}

std::string operation_text(const std::string& method, const std::string& path, const Json& operation) {
  std::string text = "<details><summary><b>" + upper(method) + "</b> <code>" + escaped(path) + "</code> " +
                     text_of(operation, "summary") + "</summary>\n";
  if (const std::string help = text_of(operation, "description"); !help.empty()) text += "<p>" + help + "</p>\n";
  text += parameters_text(operation);
  if (const Json& body = member(operation, "requestBody"); body.is_object()) {
    text += "<p>Takes " + content_text(member(body, "content")) + " " + text_of(body, "description") + "</p>\n";
  }
  text += "<table>";
  if (const Json& responses = member(operation, "responses"); responses.is_object()) {
    for (const auto& [status, response] : responses.items()) {
      text += "<tr><td>" + escaped(status) + "<td>" + text_of(response, "description") + "<td>" +
              content_text(member(response, "content")) + "\n";
    }
  }
  return text + "</table></details>\n";
}

}  // namespace

std::string openapi_page(const Json& document) {
  std::map<std::string, std::string> by_tag;
  for (const auto& [path, operations] : document.at("paths").items()) {
    for (const auto& [method, operation] : operations.items()) {
      by_tag[operation.at("tags").at(0).get<std::string>()] += operation_text(method, path, operation);
    }
  }
  const Json& info = document.at("info");
  std::string page(kHead);
  page += "<h1>heddle " + text_of(info, "version") + "</h1>\n<p>" + text_of(info, "description") +
          " For programs: <a href=\"/v1/openapi.json\">/v1/openapi.json</a>.</p>\n";
  for (const auto& [tag, text] : by_tag) page += "<h2>" + escaped(tag) + "</h2>\n" + text;
  page += "<h2>Schemas</h2>\n";
  for (const auto& [name, schema] : document.at("components").at("schemas").items()) {
    page += "<details id=\"" + escaped(name) + "\"><summary><code>" + escaped(name) + "</code> " +
            text_of(schema, "description") + "</summary><pre>" + escaped(schema.dump(2)) + "</pre></details>\n";
  }
  return page + "</body></html>\n";
}

}  // namespace heddle::server
