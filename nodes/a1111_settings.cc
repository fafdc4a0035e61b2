#include "nodes/a1111_settings.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/ascii.h"
#include "engine/json.h"

namespace heddle {
namespace {

constexpr std::string_view kNegative = "Negative prompt:", kSteps = "Steps: ", kBlanks = " \t\r\n";

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (size_t end = text.find('\n'); end != text.npos; end = text.find('\n')) {
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  lines.push_back(text);
  return lines;
}

// The end of a quoted value that begins at `begin`, behind its closing quote; npos if it is not closed.
size_t end_of_quotes(std::string_view text, size_t begin) {
  for (size_t i = begin + 1; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      return i + 1;
  }
  return text.npos;
}

std::string unquote(std::string_view quoted) {
  try {
    const Json json = parse_json(quoted);
    return json.is_string() ? json.get<std::string>() : std::string(quoted);
  } catch (const JsonError&) {
    return std::string(quoted.substr(1, quoted.size() - 2));
  }
}

// One "name: value" off the front of the line. A piece without a colon is no setting.
void take_setting(std::string_view& line, A1111Text& text) {
  const size_t comma = line.find(','), colon = line.substr(0, comma).find(':');
  if (colon == line.npos) {
    line.remove_prefix(comma == line.npos ? line.size() : comma + 1);
    return;
  }
  const std::string name(trimmed(line.substr(0, colon), kBlanks));
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks, colon + 1), line.size()));
  const size_t quoted = line.starts_with('"') ? end_of_quotes(line, 0) : line.npos;
  const size_t end = std::min(line.find(',', quoted == line.npos ? 0 : quoted), line.size());
  const std::string_view value = trimmed(line.substr(0, end), kBlanks);
  const bool is_quoted = quoted != line.npos && value.size() == quoted;
  if (!name.empty()) text.settings.emplace_back(name, is_quoted ? unquote(value) : std::string(value));
  line.remove_prefix(std::min(end + 1, line.size()));
}

void read_prompts(const std::vector<std::string_view>& lines, size_t count, A1111Text& text) {
  std::string* part = &text.prompt;
  for (size_t i = 0; i < count; ++i) {
    std::string_view line = lines[i];
    if (trimmed(line, kBlanks).starts_with(kNegative)) {
      part = &text.negative;
      line = trimmed(trimmed(line, kBlanks).substr(kNegative.size()), kBlanks);
    } else if (i > 0) {
      *part += '\n';
    }
    *part += line;
  }
  text.prompt = trimmed(text.prompt, kBlanks);
  text.negative = trimmed(text.negative, kBlanks);
}

}  // namespace

std::optional<A1111Text> parse_a1111_text(std::string_view text) {
  const std::vector<std::string_view> lines = lines_of(text);
  size_t last = lines.size();
  while (last > 0 && !trimmed(lines[last - 1], kBlanks).starts_with(kSteps)) --last;
  if (last == 0) return std::nullopt;
  A1111Text result;
  for (std::string_view line = trimmed(lines[last - 1], kBlanks); !line.empty();) take_setting(line, result);
  read_prompts(lines, last - 1, result);
  return result;
}

A1111Settings::A1111Settings(std::vector<std::pair<std::string, std::string>> settings) {
  for (auto& [name, value] : settings) settings_.push_back({std::move(name), std::move(value)});
}

bool A1111Settings::has(std::string_view name) const {
  return std::any_of(settings_.begin(), settings_.end(), [&](const Setting& setting) { return setting.name == name; });
}

std::string A1111Settings::take(std::string_view name) {
  std::string value;
  for (Setting& setting : settings_) {
    if (setting.name != name) continue;
    if (value.empty()) value = setting.value;
    setting.taken = true;
  }
  return value;
}

std::optional<double> A1111Settings::take_number(std::string_view name) {
  const std::string text = take(name);
  double number;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::optional<uint64_t> A1111Settings::take_whole(std::string_view name) {
  const std::string text = take(name);
  uint64_t number;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::pair<int64_t, int64_t>> A1111Settings::take_size(std::string_view name) {
  const std::string text = take(name);
  const char* const last = text.data() + text.size();
  int64_t width, height;
  const auto [middle, error] = std::from_chars(text.data(), last, width);
  if (error != std::errc() || middle == last || *middle != 'x') return std::nullopt;
  const auto [end, error_behind] = std::from_chars(middle + 1, last, height);
  if (error_behind != std::errc() || end != last || width < 0 || height < 0) return std::nullopt;
  return std::pair{width, height};
}

std::vector<std::string> A1111Settings::left() const {
  std::vector<std::string> left;
  for (const Setting& setting : settings_) {
    if (!setting.taken) left.push_back(setting.name + ": " + setting.value);
  }
  return left;
}

}  // namespace heddle
