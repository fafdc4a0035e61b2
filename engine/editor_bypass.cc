#include "engine/editor_bypass.h"

#include <algorithm>
#include <unordered_set>
#include <vector>

#include "engine/ascii.h"

namespace heddle {
namespace {

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool is_any(std::string_view type) { return type.empty() || type == "*"; }

std::unordered_set<std::string> members(std::string_view type) {
  std::unordered_set<std::string> members;
  for (size_t at = 0; at <= type.size();) {
    const size_t end = std::min(type.find(',', at), type.size());
    members.insert(lower(type.substr(at, end - at)));
    at = end + 1;
  }
  return members;
}

}  // namespace

bool editor_types_fit(std::string_view a, std::string_view b) {
  if (is_any(a) || is_any(b) || equal_without_case(a, b)) return true;
  if (a.find(',') == a.npos && b.find(',') == b.npos) return false;
  const auto of_a = members(a), of_b = members(b);
  return std::any_of(of_a.begin(), of_a.end(),
                     [&](const std::string& member) { return of_b.contains(member); });
}

std::optional<size_t> bypass_input(const EditorNode& node, size_t slot, std::string_view wanted) {
  const std::vector<EditorSocket>& inputs = node.inputs;
  if (inputs.empty()) return std::nullopt;
  if (wanted == "*") return slot < inputs.size() ? slot : 0;
  const auto& outputs = node.declaration == nullptr ? node.outputs : node.declaration->outputs;
  const std::string_view given = slot < outputs.size() ? outputs[slot] : "*";
  const auto fits_both = [&](const EditorSocket& input) {
    return editor_types_fit(input.type, given) && editor_types_fit(input.type, wanted);
  };
  if (slot < inputs.size() && fits_both(inputs[slot])) return slot;
  const auto exact = std::find_if(inputs.begin(), inputs.end(),
                                  [&](const auto& input) { return input.type == wanted; });
  if (exact != inputs.end()) return size_t(exact - inputs.begin());
  const auto fitting = std::find_if(inputs.begin(), inputs.end(), fits_both);
  if (fitting != inputs.end()) return size_t(fitting - inputs.begin());
  return std::nullopt;
}

}  // namespace heddle
