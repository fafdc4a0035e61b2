#include "engine/cli/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace heddle::cli {
namespace {

std::optional<Json> parsed(const std::string& text) {
  try {
    return parse_json(text);
  } catch (const JsonError&) {
    return std::nullopt;  // a plain text, then
  }
}

// 64 bits, signed or not: seeds need all of them.
std::optional<__int128> whole_number(std::string_view text) {
  const char* const end = text.data() + text.size();
  int64_t number;
  if (auto [at, error] = std::from_chars(text.data(), end, number);
      error == std::errc() && at == end)
    return number;
  uint64_t large;
  if (auto [at, error] = std::from_chars(text.data(), end, large);
      error == std::errc() && at == end)
    return large;
  return std::nullopt;
}

Json to_json(__int128 number) {
  return number < 0 ? Json(int64_t(number)) : Json(uint64_t(number));
}

void add_range(std::string_view from, std::string_view to, std::vector<Json>& values) {
  const auto first = whole_number(from), last = whole_number(to);
  if (!first || !last) {
    throw std::invalid_argument("a range needs whole numbers, as 1..20, got " + std::string(from) +
                                ".." + std::string(to));
  }
  const int step = *first <= *last ? 1 : -1;
  if ((*last - *first) * step >= __int128(kMostValues)) {
    throw std::invalid_argument("more than " + std::to_string(kMostValues) + " values");
  }
  for (__int128 number = *first; number != *last + step; number += step) {
    values.push_back(to_json(number));
  }
}

Json parse_boolean(const std::string& text) {
  if (text == "true" || text == "True" || text == "1") return true;
  if (text == "false" || text == "False" || text == "0") return false;
  throw std::invalid_argument("\"" + text + "\" is neither true nor false");
}

Json parse_item(const InputSpec& spec, const std::string& text) {
  if (spec.type == "BOOLEAN") return parse_boolean(text);
  const auto json = parsed(text);
  const bool is_text = spec.type == "STRING" || spec.type == "COMBO" || spec.type == "LORA";
  return json && (!is_text || json->is_string()) ? *json : Json(text);
}

std::vector<Json> parse_list(const InputSpec& spec, const std::string& text) {
  const bool counts = spec.type == "INT" || spec.type == "FLOAT";
  std::vector<Json> values;
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string item = text.substr(begin, end - begin);
    begin = end + 1;
    const size_t dots = item.find("..");
    if (counts && dots != std::string::npos) {
      add_range(std::string_view(item).substr(0, dots), std::string_view(item).substr(dots + 2),
                values);
    } else {
      values.push_back(parse_item(spec, item));
    }
  }
  return values;
}

bool is_link(const Json& json) {
  return json.size() == 2 && json[0].is_string() && json[1].is_number_integer();
}

}  // namespace

std::vector<Json> parse_values(const InputSpec& spec, const std::string& text,
                               const std::function<bool(const std::string&)>& is_choice) {
  if (text.starts_with("[")) {
    const auto list = parsed(text);
    if (list && list->is_array() && !spec.has_json_form && is_link(*list)) return {*list};
    if (list && list->is_array() && !list->empty()) return {list->begin(), list->end()};
  }
  constexpr std::array kListTypes{"INT", "FLOAT", "BOOLEAN", "COMBO", "LORA"};
  const bool may_list =
      std::find(kListTypes.begin(), kListTypes.end(), spec.type) != kListTypes.end();
  if (may_list && !is_choice(text)) return parse_list(spec, text);
  return {parse_item(spec, text)};
}

}  // namespace heddle::cli
