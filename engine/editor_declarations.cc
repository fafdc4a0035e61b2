#include "engine/editor_declarations.h"

#include <algorithm>

#include "engine/json_access.h"

namespace heddle {
namespace {

// A type is a name, or a list of choices in place of one.
std::string_view type_name(const Json& type) {
  return type.is_array() ? "COMBO" : text_or(type, "");
}

WidgetKind widget_kind(std::string_view type) {
  if (type == "INT") return WidgetKind::kInt;
  if (type == "FLOAT") return WidgetKind::kFloat;
  if (type == "STRING") return WidgetKind::kText;
  if (type == "BOOLEAN") return WidgetKind::kBoolean;
  if (type == "COMBO") return WidgetKind::kChoice;
  return WidgetKind::kNone;
}

// The inputs of a section, by the declared order where one is given; what it does not name comes
// last.
std::vector<std::pair<std::string_view, const Json*>> in_order(const Json& inputs,
                                                               const Json& order) {
  std::vector<std::pair<std::string_view, const Json*>> ordered;
  std::unordered_map<std::string_view, size_t> ranks;
  if (order.is_array()) {
    for (const Json& name : order) ranks.emplace(text_or(name, ""), ranks.size());
  }
  if (!inputs.is_object()) return ordered;
  for (auto input = inputs.begin(); input != inputs.end(); ++input)
    ordered.emplace_back(input.key(), &*input);
  const auto rank = [&](std::string_view name) {
    const auto found = ranks.find(name);
    return found == ranks.end() ? ranks.size() : found->second;
  };
  std::stable_sort(ordered.begin(), ordered.end(),
                   [&](const auto& a, const auto& b) { return rank(a.first) < rank(b.first); });
  return ordered;
}

}  // namespace

std::optional<Json> default_value(const DeclaredInput& input) {
  if (input.default_value != nullptr) return *input.default_value;
  switch (input.widget) {
    case WidgetKind::kInt:
    case WidgetKind::kFloat:
      return 0;
    case WidgetKind::kText:
      return "";
    case WidgetKind::kBoolean:
      return false;
    case WidgetKind::kChoice:
      if (input.choices != nullptr && !input.choices->empty()) return input.choices->front();
      return std::nullopt;
    case WidgetKind::kNone:
    case WidgetKind::kButton:
      break;
  }
  return std::nullopt;
}

Declarations::Declarations(const Json& object_info, const EditorNames& names) : names_(names) {
  if (!object_info.is_object()) return;
  for (auto info = object_info.begin(); info != object_info.end(); ++info)
    infos_.emplace(info.key(), &*info);
}

const Declaration* Declarations::find(std::string_view type) {
  const auto info = infos_.find(type);
  if (info == infos_.end()) return nullptr;
  std::unique_ptr<Declaration>& declaration = read_[info->first];
  if (!declaration) declaration = std::make_unique<Declaration>(read(info->first, *info->second));
  return declaration.get();
}

std::vector<std::string> Declarations::types() const {
  std::vector<std::string> types;
  for (const auto& [type, info] : infos_) types.emplace_back(type);
  std::sort(types.begin(), types.end());
  return types;
}

Declaration Declarations::read(std::string_view type, const Json& info) const {
  Declaration declaration;
  declaration.type = type;
  declaration.display_name = text_or(member(info, "display_name"), type);
  if (declaration.display_name.empty()) declaration.display_name = type;
  read_section(info, "required", declaration);
  read_section(info, "optional", declaration);
  if (const Json& outputs = member(info, "output"); outputs.is_array()) {
    for (const Json& output : outputs) declaration.outputs.push_back(type_name(output));
  }
  return declaration;
}

void Declarations::read_section(const Json& info, const char* section,
                                Declaration& declaration) const {
  const bool required = std::string_view(section) == "required";
  bool upload = false;
  for (const auto& [name, spec] : in_order(member(member(info, "input"), section),
                                           member(member(info, "input_order"), section))) {
    DeclaredInput input = read_input(name, *spec);
    input.required = required;
    if (spec->is_array() && spec->size() > 1) upload |= has_upload((*spec)[1]);
    declaration.inputs.push_back(input);
  }
  if (!upload || !required) return;
  DeclaredInput button;
  button.name = "upload";
  button.type = "IMAGEUPLOAD";
  button.widget = WidgetKind::kButton;
  button.places = 1;
  button.required = false;
  declaration.inputs.push_back(button);
}

DeclaredInput Declarations::read_input(std::string_view name, const Json& spec) const {
  static const Json kNoOptions = Json::object();
  DeclaredInput input;
  input.name = name;
  if (!spec.is_array() || spec.empty()) return input;
  const Json& options = spec.size() > 1 ? spec[1] : kNoOptions;
  input.type = type_name(spec[0]);
  input.widget = widget_kind(text_or(member(options, "widgetType"), input.type));
  input.forced = input.widget != WidgetKind::kNone && is_true(member(options, "forceInput"));
  input.multiline = is_true(member(options, "multiline"));
  input.dynamic_prompts = is_true(member(options, "dynamicPrompts"));
  if (const Json& value = member(options, "default"); !value.is_null())
    input.default_value = &value;
  if (const Json& choices = spec[0].is_array() ? spec[0] : member(options, "options");
      choices.is_array())
    input.choices = &choices;
  if (input.widget != WidgetKind::kNone) input.places = widget_places(input, options);
  if (input.forced) input.widget = WidgetKind::kNone;
  return input;
}

size_t Declarations::widget_places(const DeclaredInput& input, const Json& options) const {
  const Json& control = member(options, "control_after_generate");
  const bool controlled = is_true(control) || !text_or(control, "").empty();
  if (input.widget == WidgetKind::kChoice)
    return controlled ? 3 : 1;  // the value, a mode, a filter
  if (input.widget != WidgetKind::kInt) return 1;
  return controlled || names_.seeds.contains(std::string(input.name)) ? 2 : 1;
}

bool Declarations::has_upload(const Json& options) const {
  return std::any_of(names_.uploads.begin(), names_.uploads.end(),
                     [&](const std::string& option) { return is_true(member(options, option)); });
}

}  // namespace heddle
