// What a node type's declaration, as /object_info gives it, says about widgets: which inputs have
// one, how many places it takes in a list of values, and what it holds when a file has no value for
// it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/editor_names.h"
#include "engine/json.h"

namespace heddle {

enum class WidgetKind { kNone, kInt, kFloat, kText, kBoolean, kChoice, kButton };

struct DeclaredInput {
  std::string_view name;
  std::string_view type;  // "COMBO" for a list of choices
  bool required = true;
  WidgetKind widget = WidgetKind::kNone;  // kButton takes a place and is never sent
  size_t places = 0;    // in a list of values: one for the widget, more for the controls behind it
  bool forced = false;  // a socket that had a widget in old files; `places` is what that took
  bool multiline = false;
  bool dynamic_prompts = false;
  const Json* default_value = nullptr;
  const Json* choices = nullptr;
};

struct Declaration {
  std::string_view type;
  std::string_view display_name;
  std::vector<DeclaredInput>
      inputs;  // required ones, then optional ones; hidden ones are not among them
  std::vector<std::string_view> outputs;
};

/// The value of a widget that a file has none for: the declared default, else 0, "", false or the
/// first choice; nothing for a choice without choices.
std::optional<Json> default_value(const DeclaredInput& input);

/// Reads declarations on demand. Holds views into the JSON.
class Declarations {
 public:
  Declarations(const Json& object_info, const EditorNames& names);

  /// Null for a type that is not declared.
  const Declaration* find(std::string_view type);

  /// All types, for suggestions.
  std::vector<std::string> types() const;

 private:
  Declaration read(std::string_view type, const Json& info) const;
  void read_section(const Json& info, const char* section, Declaration& declaration) const;
  DeclaredInput read_input(std::string_view name, const Json& spec) const;
  size_t widget_places(const DeclaredInput& input, const Json& options) const;
  bool has_upload(const Json& options) const;

  const EditorNames& names_;
  std::unordered_map<std::string_view, const Json*> infos_;
  std::unordered_map<std::string_view, std::unique_ptr<Declaration>> read_;
};

}  // namespace heddle
