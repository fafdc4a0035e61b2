#include "engine/literal.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "engine/ascii.h"

namespace heddle {
namespace {

template <class T>
std::optional<T> parse_number(std::string text) {
  text = trimmed(text, " \t\r\n\f\v");
  if (text.starts_with('+')) text.erase(0, 1);
  T value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Json> to_int(const Json& literal) {
  if (literal.is_number_integer()) return literal;
  if (literal.is_boolean()) return Json(int64_t(literal.get<bool>()));
  if (literal.is_number_float()) {
    const double value = std::trunc(literal.get<double>());
    if (value >= -9.2e18 && value <= 9.2e18) return Json(int64_t(value));
    if (value > 0 && value < 18446744073709551616.0) return Json(uint64_t(value));
    return std::nullopt;  // infinite, NaN, or beyond 64 bits
  }
  if (!literal.is_string()) return std::nullopt;
  const std::string& text = literal.get_ref<const std::string&>();
  if (const auto value = parse_number<int64_t>(text)) return Json(*value);
  if (const auto value = parse_number<uint64_t>(text)) return Json(*value);
  return std::nullopt;
}

std::optional<Json> to_float(const Json& literal) {
  if (literal.is_number()) return Json(literal.get<double>());
  if (literal.is_boolean()) return Json(double(literal.get<bool>()));
  if (!literal.is_string()) return std::nullopt;
  const auto value = parse_number<double>(literal.get_ref<const std::string&>());
  return value ? std::optional<Json>(*value) : std::nullopt;
}

std::optional<Json> to_string(const Json& literal) {
  if (literal.is_string()) return literal;
  if (literal.is_boolean()) return Json(literal.get<bool>() ? "True" : "False");
  if (literal.is_number()) return Json(dump_python(literal));
  return std::nullopt;
}

bool truth(const Json& literal) {
  if (literal.is_boolean()) return literal.get<bool>();
  if (literal.is_number()) return literal.get<double>() != 0;
  return !literal.empty() && literal != "";
}

// Exact for integers of 64 bits, signed or not, which doubles (and nlohmann's own comparison) are not.
bool less(const Json& a, const Json& b) {
  const auto whole = [](const Json& json) {
    return json.is_number_unsigned() ? __int128(json.get<uint64_t>()) : __int128(json.get<int64_t>());
  };
  if (a.is_number_integer() && b.is_number_integer()) return whole(a) < whole(b);
  return a.get<double>() < b.get<double>();
}

std::string bound_text(const Json& bound, const char* none) { return bound.is_null() ? none : bound.dump(); }

}  // namespace

std::optional<Json> cast_literal(const Json& literal, const std::string& type) {
  if (type == "INT") return to_int(literal);
  if (type == "FLOAT") return to_float(literal);
  if (type == "STRING") return to_string(literal);
  if (type == "BOOLEAN") return Json(truth(literal));
  return literal;
}

std::optional<std::string> range_problem(const Json& literal, const InputSpec& spec) {
  if (!literal.is_number()) return std::nullopt;
  const bool not_a_number = literal.is_number_float() && std::isnan(literal.get<double>());
  const bool below = !spec.min.is_null() && less(literal, spec.min);
  const bool above = !spec.max.is_null() && less(spec.max, literal);
  if (!not_a_number && !below && !above) return std::nullopt;
  return literal_text(literal) + " is outside " + bound_text(spec.min, "(no lower bound)") + ".." +
         bound_text(spec.max, "(no upper bound)");
}

std::string literal_text(const Json& literal) {
  constexpr size_t kLongest = 80;
  std::string text = dump_python(literal);
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

}  // namespace heddle
