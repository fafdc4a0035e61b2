#include "engine/editor_values.h"

#include <charconv>
#include <cmath>

#include "engine/editor_reader.h"

namespace heddle {

std::vector<const Json*> stored_values(const EditorNode& node) {
  const std::vector<DeclaredInput>& inputs = node.declaration->inputs;
  const std::vector<const Json*> list = read_values(node.values);
  size_t places = 0;
  for (const DeclaredInput& input : inputs) places += input.places;
  // Files from before forceInput inputs lost their widgets are known by the length of their list.
  const bool has_forced_values = list.size() == places;
  std::vector<const Json*> stored(inputs.size(), nullptr);
  size_t at = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].forced && !has_forced_values) continue;
    if (!inputs[i].forced && at < list.size()) stored[i] = list[at];
    at += inputs[i].places;
  }
  return stored;
}

std::string number_text(const Json& number) {
  if (!number.is_number_float()) return number.dump();
  const double value = number.get<double>();
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  if (value == 0) return "0";
  const double size = std::fabs(value);
  char digits[64];
  const auto format =
      size >= 1e-6 && size < 1e21 ? std::chars_format::fixed : std::chars_format::scientific;
  const auto result = std::to_chars(digits, digits + sizeof digits, value, format);
  std::string text(digits, result.ptr);
  // JavaScript does not pad exponents.
  const size_t sign = text.find_first_of("+-", 1);
  if (sign != text.npos && text[sign + 1] == '0') text.erase(sign + 1, 1);
  return text;
}

std::optional<Json> EditorValues::shown(size_t node, size_t input) {
  const DeclaredInput& declared = *flat_.nodes[node].node->inputs[input].declared;
  const EditorSource source = links_.source(node, input);
  if (source.kind == EditorSource::Kind::kValue) return *source.value;
  if (source.kind == EditorSource::Kind::kPrimitive) {
    if (const Json* value = primitive(source.node)) return *value;
  }
  if (const Json* value = stored(node, declared)) return *value;
  return default_value(declared);
}

const Json* EditorValues::primitive(size_t node) const {
  const std::vector<const Json*> values = read_values(flat_.nodes[node].node->values);
  return values.empty() ? nullptr : values[0];
}

const Json* EditorValues::stored(size_t node, const DeclaredInput& input) {
  const EditorNode& at = *flat_.nodes[node].node;
  const auto [values, added] = stored_.try_emplace(&at);
  if (added) values->second = stored_values(at);
  return values->second[size_t(&input - at.declaration->inputs.data())];
}

}  // namespace heddle
