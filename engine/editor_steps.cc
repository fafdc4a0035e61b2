#include "engine/editor_steps.h"

#include <algorithm>
#include <utility>

#include "engine/dynamic_prompt.h"
#include "engine/editor_problems.h"
#include "engine/json_access.h"

namespace heddle {
namespace {

using Kind = EditorSource::Kind;

constexpr size_t kBytesPerValue = 16;
// One text may stand in many places, so that a small file could make a huge graph.
constexpr size_t kMostBytes = size_t{128} << 20;

// About what a value takes in a file.
size_t size_of(const Json& json) {
  if (!json.is_structured()) return kBytesPerValue + text_or(json, "").size();
  size_t bytes = 0;
  std::vector<const Json*> open = {&json};
  while (!open.empty()) {
    const Json& value = *open.back();
    open.pop_back();
    bytes += kBytesPerValue + text_or(value, "").size();
    if (!value.is_structured()) continue;
    for (auto item = value.begin(); item != value.end(); ++item) {
      if (value.is_object()) bytes += item.key().size();
      open.push_back(&*item);
    }
  }
  return bytes;
}

// A list would be taken for a link.
Json wrap_list(Json value) {
  if (!value.is_array()) return value;
  Json wrapped = Json::object();
  wrapped["__value__"] = std::move(value);
  return wrapped;
}

bool is_sent_widget(const EditorSocket& socket) {
  return socket.declared != nullptr && socket.has_widget &&
         socket.declared->widget != WidgetKind::kButton;
}

}  // namespace

EditorSteps::EditorSteps(const FlatGraph& flat, EditorLinks& links, EditorValues& values,
                         EditorFileNames& file_names, Declarations& declarations,
                         const EditorNames& names, std::string seed, Problems& problems)
    : flat_(flat),
      links_(links),
      values_(values),
      file_names_(file_names),
      declarations_(declarations),
      names_(names),
      seed_(std::move(seed)),
      problems_(problems),
      room_(kMostBytes) {}

Json EditorSteps::write(size_t node) {
  const EditorNode& at = *flat_.nodes[node].node;
  sources_.clear();
  if (at.declaration == nullptr) report_unknown(node);
  Json::object_t inputs;
  Json::object_t::Container& list = inputs;  // without the map's search for equal names
  for (const bool widgets : {true, false}) {
    for (size_t i = 0; i < at.inputs.size(); ++i) {
      if (is_sent_widget(at.inputs[i]) != widgets) continue;
      auto value = write_input(node, i);
      if (value && take_room(node, at.inputs[i].name.size()))
        list.emplace_back(std::string(at.inputs[i].name), std::move(*value));
    }
  }
  const std::string_view display =
      at.declaration == nullptr ? at.type : at.declaration->display_name;
  Json step = Json::object();
  step["class_type"] = fit(node, at.type).value_or("");
  step["inputs"] = std::move(inputs);
  step["_meta"]["title"] = fit(node, at.title.empty() ? display : at.title).value_or("");
  return step;
}

std::optional<Json> EditorSteps::write_input(size_t node, size_t input) {
  const EditorSocket& socket = flat_.nodes[node].node->inputs[input];
  if (!socket.link && !is_sent_widget(socket)) {
    report_missing(node, socket, Kind::kNothing);
    return std::nullopt;
  }
  const EditorSource source = links_.source(node, input);
  std::optional<Json> value;
  if (source.kind == Kind::kStep) {
    sources_.push_back(source.node);
    value = fit(node, flat_.step_id(source.node));
    if (value) value = Json::array_t{*value, source.slot};
  } else if (source.kind == Kind::kMuted) {
    value = std::nullopt;
  } else if (is_sent_widget(socket)) {
    value = write_value(node, input);
  } else if (source.kind == Kind::kValue) {
    value = fit(node, wrap_list(*source.value));
  }
  if (!value) report_missing(node, socket, source.kind);
  return value;
}

std::optional<Json> EditorSteps::write_value(size_t node, size_t input) {
  const EditorSocket& socket = flat_.nodes[node].node->inputs[input];
  std::optional<Json> value = values_.shown(node, input);
  if (!value || !take_room(node, size_of(*value))) return std::nullopt;
  const bool is_text = socket.declared->widget == WidgetKind::kText;
  if (is_text && value->is_null()) *value = "";
  if (is_text && socket.declared->multiline && value->is_number()) *value = number_text(*value);
  if (value->is_string()) {
    std::string text = std::move(value->get_ref<std::string&>());
    const size_t stored_size = text.size();
    const EditorSource source = links_.source(node, input);
    const bool replaces =
        source.kind == Kind::kPrimitive &&
        is_true(member(*flat_.nodes[source.node].node->properties, names_.replace_in_values));
    if (replaces) text = file_names_.replace(text);
    text = write_text(node, *socket.declared, std::move(text));
    if (!take_room(node, text.size() - std::min(text.size(), stored_size))) return std::nullopt;
    *value = std::move(text);
  }
  return wrap_list(std::move(*value));
}

std::string EditorSteps::write_text(size_t node, const DeclaredInput& input, std::string text) {
  const std::string name =
      std::string(flat_.nodes[node].node->type) + "." + std::string(input.name);
  const auto prefix = names_.value_prefixes.find(name);
  if (prefix != names_.value_prefixes.end() && text.starts_with(prefix->second))
    text.erase(0, prefix->second.size());
  if (names_.file_names.contains(name)) text = file_names_.replace(text);
  if (input.dynamic_prompts) text = draw_dynamic_prompt(text, seed_);
  return text;
}

std::optional<Json> EditorSteps::fit(size_t node, Json value) {
  return take_room(node, size_of(value)) ? std::optional(std::move(value)) : std::nullopt;
}

bool EditorSteps::take_room(size_t node, size_t size) {
  if (!full_ && size <= room_) {
    room_ -= size;
    return true;
  }
  if (!full_) {
    report(
        problems_,
        {flat_.step_id(node), std::string(flat_.nodes[node].node->type), "", "too_large",
         "from here on the graph would be larger than " + std::to_string(kMostBytes) + " bytes"});
  }
  full_ = true;
  return false;
}

void EditorSteps::report_unknown(size_t node) {
  constexpr size_t kMostSuggestions = 100;  // each compares with all known types
  const EditorNode& at = *flat_.nodes[node].node;
  const std::string type(at.type);
  std::string what = "unknown node \"" + type + "\"";
  constexpr size_t kUuid = 36;
  const bool is_group =
      std::any_of(names_.group_node_prefixes.begin(), names_.group_node_prefixes.end(),
                  [&](const std::string& prefix) { return type.starts_with(prefix); });
  if (is_group || (type.size() == kUuid && type[8] == '-' && type[23] == '-')) {
    what = "the definition of the subgraph " + type + " is not in the file";
  } else if (const auto known = suggestions_.find(at.type); known != suggestions_.end()) {
    what += known->second;
  } else if (suggestions_.size() < kMostSuggestions) {
    what += suggestions_[at.type] = did_you_mean(type, declarations_.types());
  }
  report(problems_, {flat_.step_id(node), type, "", "unknown_node", what});
}

void EditorSteps::report_missing(size_t node, const EditorSocket& socket, Kind source) {
  if (socket.declared == nullptr || !socket.declared->required || source == Kind::kBroken) return;
  if (socket.declared->widget == WidgetKind::kButton) return;
  const EditorNode& at = *flat_.nodes[node].node;
  const char* what = source == Kind::kMuted ? "is required, but the node that feeds it is muted"
                                            : "is required, but nothing is linked to it";
  Problem problem{flat_.step_id(node), std::string(at.type), std::string(socket.name),
                  "unlinked_required", what};
  problem.warning = true;
  report(problems_, std::move(problem));
}

}  // namespace heddle
