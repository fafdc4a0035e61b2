#include "engine/editor_file_names.h"

#include <algorithm>

#include "engine/json_access.h"

namespace heddle {
namespace {

constexpr size_t kLongest =
    20'000;  // far beyond any file name; keeps a hostile file from multiplying its texts

std::string padded(int number, size_t width) {
  std::string text = std::to_string(number);
  return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

// The text of one token of a date pattern, which repeats one letter; nothing for other letters and
// lengths.
std::optional<std::string> date_part(char letter, size_t length, const std::tm& time) {
  const int year = time.tm_year + 1900;
  if (letter == 'y' && length == 4) return std::to_string(year);
  if (letter == 'y' && length == 2) return padded(year % 100, 2);
  if (length > 2) return std::nullopt;
  switch (letter) {
    case 'd':
      return padded(time.tm_mday, length);
    case 'M':
      return padded(time.tm_mon + 1, length);
    case 'h':
      return padded(time.tm_hour, length);
    case 'm':
      return padded(time.tm_min, length);
    case 's':
      return padded(time.tm_sec, length);
    default:
      return std::nullopt;
  }
}

// A value that cannot leave its folder or offend a file system.
std::string safe(std::string value) {
  constexpr std::string_view kForbidden = "/?<>\\:*|\"";
  for (char& c : value) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7F || kForbidden.find(c) != kForbidden.npos) c = '_';
  }
  return value;
}

std::string value_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return number_text(value);
  if (value.is_null()) return "";
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string format_date(std::string_view pattern, const std::tm& time) {
  std::string out;
  for (size_t at = 0; at < pattern.size();) {
    const char letter = pattern[at];
    const size_t most = letter == 'y' ? 4 : 2;
    size_t length = 1;
    while (length < most && at + length < pattern.size() && pattern[at + length] == letter)
      ++length;
    out += date_part(letter, length, time).value_or(std::string(pattern.substr(at, length)));
    at += length;
  }
  return out;
}

std::string EditorFileNames::replace(std::string_view text) {
  if (text.size() > kLongest) return std::string(text);
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t open = text.find('%', at);
    const size_t close = open == text.npos ? open : text.find('%', open + 1);
    if (close == text.npos || out.size() > kLongest) return out.append(text.substr(at));
    out.append(text.substr(at, open - at));
    if (close == open + 1) {  // the second sign may open a placeholder
      out += '%';
      at = close;
      continue;
    }
    const std::string_view placeholder = text.substr(open + 1, close - open - 1);
    const auto value = meaning(placeholder);
    out.append(value ? *value : text.substr(open, close + 1 - open));
    at = close + 1;
  }
  return out;
}

std::optional<std::string> EditorFileNames::meaning(std::string_view placeholder) {
  constexpr std::string_view kDate = "date:";
  if (placeholder.starts_with(kDate)) return format_date(placeholder.substr(kDate.size()), now_);
  const size_t dot = placeholder.find('.');
  if (dot == placeholder.npos || placeholder.find('.', dot + 1) != placeholder.npos)
    return std::nullopt;
  index_nodes();
  const std::string_view node = placeholder.substr(0, dot), widget = placeholder.substr(dot + 1);
  auto found = by_search_name_.find(node);
  if (found == by_search_name_.end()) {
    found = by_title_.find(node);
    if (found == by_title_.end()) return std::nullopt;
  }
  return widget_value(found->second, widget);
}

std::optional<std::string> EditorFileNames::widget_value(size_t node, std::string_view widget) {
  const std::vector<EditorSocket>& inputs = flat_.nodes[node].node->inputs;
  const auto found = std::find_if(inputs.begin(), inputs.end(), [&](const EditorSocket& input) {
    return input.name == widget && input.has_widget && input.declared != nullptr;
  });
  if (found == inputs.end() || found->declared->widget == WidgetKind::kButton) return std::nullopt;
  const auto value = values_.shown(node, size_t(found - inputs.begin()));
  if (!value) return std::nullopt;
  std::string text = safe(value_text(*value));
  return text.size() > kLongest ? std::nullopt : std::optional(std::move(text));
}

void EditorFileNames::index_nodes() {
  if (indexed_) return;
  indexed_ = true;
  for (size_t i = 0; i < flat_.nodes.size(); ++i) {
    const EditorNode& node = *flat_.nodes[i].node;
    const std::string_view display =
        node.declaration == nullptr ? node.type : node.declaration->display_name;
    by_search_name_.emplace(text_or(member(*node.properties, names_.search_name), node.type), i);
    by_title_.emplace(node.title.empty() ? display : node.title, i);
  }
}

}  // namespace heddle
