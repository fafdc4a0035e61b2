// The editor's document as plain structs: graphs of nodes, sockets and links, read from any of the
// forms that files of the last years have, without a judgement yet of what they mean. Holds views
// into the JSON that was read.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/editor_declarations.h"
#include "engine/editor_names.h"
#include "engine/json.h"
#include "engine/problem.h"

namespace heddle {

/// Id of a node or a link: a number in most files, digits or any text in some. 3 and "3" are the
/// same.
struct EditorId {
  int64_t number = 0;
  std::string_view text;  // empty for a number

  bool operator==(const EditorId&) const = default;
};

std::string to_text(const EditorId& id);

}  // namespace heddle

template <>
struct std::hash<heddle::EditorId> {
  size_t operator()(const heddle::EditorId& id) const noexcept {
    return id.text.empty() ? std::hash<int64_t>()(id.number)
                           : std::hash<std::string_view>()(id.text);
  }
};

namespace heddle {

enum class EditorMode { kOn, kMuted, kBypassed };

struct EditorSocket {
  std::string_view name;
  std::string_view type;
  std::optional<EditorId> link;
  bool has_widget = false;
  const DeclaredInput* declared = nullptr;
};

struct EditorGraph;

struct EditorNode {
  EditorId id;
  std::string_view type;   // under its present name
  std::string_view title;  // "" if it has none of its own
  EditorKind kind = EditorKind::kStep;
  EditorMode mode = EditorMode::kOn;
  std::vector<EditorSocket> inputs;  // in the editor's order: sockets, widgets, undeclared ones
  std::vector<std::string_view> outputs;  // their types
  const Json* values = nullptr;           // widgets_values
  const Json* properties = nullptr;
  const Declaration* declaration = nullptr;  // null for unknown types
  const EditorGraph* definition = nullptr;   // of an instance
};

struct EditorLink {
  EditorId origin;
  int64_t origin_slot = -1;
  EditorId target;
  int64_t target_slot = -1;
};

struct DefinitionInput {
  std::string_view name;
  std::string_view type;
  std::optional<size_t> value_place;  // of a promoted widget, among the values of an instance
};

struct DefinitionOutput {
  std::string_view type;
  std::optional<EditorId> link;  // inside, that leads to it
};

/// The graph at the root, or a definition that instances stand for.
struct EditorGraph {
  std::string_view name;
  std::vector<EditorNode> nodes;
  std::unordered_map<EditorId, size_t> node_places;  // of the first node of each id
  std::unordered_map<EditorId, EditorLink> links;
  EditorId input_node{-10, {}},
      output_node{-20, {}};  // stand for the definition's own inputs and outputs in its links
  std::unordered_map<int64_t, EditorId> output_links;  // the first link to each output, by slot
  std::vector<DefinitionInput> inputs;
  std::vector<DefinitionOutput> outputs;
  std::deque<std::string> made_names;  // owned names that views point to
  size_t weight = 0;                   // nodes, sockets and values

  const EditorNode* find(const EditorId& id) const;
};

struct EditorDocument {
  EditorGraph root;
  std::vector<std::unique_ptr<EditorGraph>> definitions;  // those that are used
};

/// What cannot be read is left out and becomes a problem of kind `malformed`.
EditorDocument read_editor_document(const Json& json, const EditorNames& names,
                                    Declarations& declarations, Problems& problems);

}  // namespace heddle
