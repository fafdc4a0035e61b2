// multipart/form-data (RFC 7578), as browsers, curl, Python's requests and aiohttp, and node's undici write it.
#include <algorithm>

#include "engine/ascii.h"
#include "engine/server/http.h"

namespace heddle::server {
namespace {

constexpr size_t kMaxParts = 256;
constexpr size_t kMaxPartHead = 16 << 10;
constexpr size_t kMaxBoundary = 70;

// A header's value in pieces: `form-data; name="a"; filename="b;c"` gives ("", "form-data"), ("name", "a")...
class Parameters {
 public:
  explicit Parameters(std::string_view text) : text_(text) {
    fields_.emplace_back("", trimmed(take_until(";")));
    while (!text_.empty()) take_one();
  }
  const std::string* find(std::string_view name) const {
    for (const auto& [key, value] : fields_) {
      if (key == name) return &value;
    }
    return nullptr;
  }
  std::string get(std::string_view name) const {
    const std::string* value = find(name);
    return value ? *value : std::string();
  }

 private:
  std::string_view take_until(std::string_view ends) {
    const std::string_view taken = text_.substr(0, text_.find_first_of(ends));
    text_.remove_prefix(taken.size());
    return taken;
  }

  void take_one() {
    text_.remove_prefix(1);  // the ';'
    const std::string name = lower(trimmed(take_until("=;")));
    if (!text_.starts_with('=')) return;
    text_.remove_prefix(1);
    text_.remove_prefix(std::min(text_.find_first_not_of(" \t"), text_.size()));
    std::string value = text_.starts_with('"') ? take_quoted() : std::string(trimmed(take_until(";")));
    take_until(";");
    fields_.emplace_back(name, std::move(value));
  }

  // Only \" and \\ are escapes: old browsers send "C:\pictures\x.png".
  std::string take_quoted() {
    std::string value;
    size_t at = 1;
    for (; at < text_.size() && text_[at] != '"'; ++at) {
      const bool is_escape = text_[at] == '\\' && at + 1 < text_.size() && (text_[at + 1] == '"' || text_[at + 1] == '\\');
      value += text_[is_escape ? ++at : at];
    }
    text_.remove_prefix(std::min(at + 1, text_.size()));
    return value;
  }

  std::string_view text_;
  Fields fields_;
};

// filename*=UTF-8''h%C3%A4user.png (RFC 8187), which aiohttp writes.
std::optional<std::string> extended_value(std::string_view text) {
  const size_t first = text.find('\'');
  const size_t second = first == std::string_view::npos ? first : text.find('\'', first + 1);
  if (second == std::string_view::npos || lower(text.substr(0, first)) != "utf-8") return std::nullopt;
  return percent_decoded(text.substr(second + 1));
}

void read_disposition(std::string_view value, FormPart& part) {
  const Parameters parameters(value);
  part.name = parameters.get("name");
  const std::string* plain = parameters.find("filename");
  const std::string* extended = parameters.find("filename*");
  part.is_file = plain || extended;
  if (plain) part.filename = *plain;
  if (extended) part.filename = extended_value(*extended).value_or(part.filename);
}

void read_part_head(std::string_view head, FormPart& part) {
  while (!head.empty()) {
    const size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string name = lower(trimmed(line.substr(0, colon)));
    if (name == "content-disposition") read_disposition(line.substr(colon + 1), part);
    if (name == "content-type") part.type = trimmed(line.substr(colon + 1));
  }
}

// What follows a boundary: "--" ends the form, CRLF starts a part.
enum class After { kPart, kEnd, kBroken };

After take_boundary_end(std::string_view& body) {
  if (body.starts_with("--")) return After::kEnd;
  body.remove_prefix(std::min(body.find_first_not_of(" \t"), body.size()));
  if (!body.starts_with("\r\n")) return After::kBroken;
  body.remove_prefix(2);
  return After::kPart;
}

// Reads a part up to and with the boundary that ends it.
std::optional<FormPart> take_part(std::string_view& body, const std::string& boundary) {
  FormPart part;
  size_t head_size = 0;
  if (body.starts_with("\r\n")) {  // a part without headers
    body.remove_prefix(2);
  } else {
    head_size = body.find("\r\n\r\n");
    if (head_size == std::string_view::npos || head_size > kMaxPartHead) return std::nullopt;
    read_part_head(body.substr(0, head_size), part);
    body.remove_prefix(head_size + 4);
  }
  // An empty part may leave out the line break of its content.
  if (body.starts_with(std::string_view(boundary).substr(2))) {
    body.remove_prefix(boundary.size() - 2);
    return part;
  }
  const size_t end = body.find(boundary);
  if (end == std::string_view::npos) return std::nullopt;
  part.content = body.substr(0, end);
  body.remove_prefix(end + boundary.size());
  return part;
}

std::optional<std::string> boundary_of(const Request& request) {
  const Parameters type(request.header("content-type"));
  if (lower(type.get("")) != "multipart/form-data") return std::nullopt;
  const std::string boundary = type.get("boundary");
  if (boundary.empty() || boundary.size() > kMaxBoundary) return std::nullopt;
  return "\r\n--" + boundary;
}

// Skips what stands before the first boundary.
bool take_preamble(std::string_view& body, const std::string& boundary) {
  const std::string_view first = std::string_view(boundary).substr(2);
  const size_t at = body.starts_with(first) ? 0 : body.find(boundary);
  if (at == std::string_view::npos) return false;
  body.remove_prefix(at + (at == 0 && body.starts_with(first) ? first.size() : boundary.size()));
  return true;
}

}  // namespace

std::optional<std::vector<FormPart>> parse_form(const Request& request) {
  const std::optional<std::string> boundary = boundary_of(request);
  std::string_view body = request.body;
  if (!boundary || !take_preamble(body, *boundary)) return std::nullopt;
  std::vector<FormPart> parts;
  for (;;) {
    const After after = take_boundary_end(body);
    if (after == After::kEnd) return parts;
    if (after == After::kBroken || parts.size() == kMaxParts) return std::nullopt;
    std::optional<FormPart> part = take_part(body, *boundary);
    if (!part) return std::nullopt;
    parts.push_back(std::move(*part));
  }
}

}  // namespace heddle::server
