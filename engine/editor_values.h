// The values of widgets: those stored in the file by their position, and those that primitives and
// promoted widgets put in their place.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/editor_links.h"

namespace heddle {

/// The stored values of a node's widgets, by place among its declared inputs; null where the file
/// has none.
std::vector<const Json*> stored_values(const EditorNode& node);

/// A number as JavaScript writes it: 8, 0.5, 1e-7.
std::string number_text(const Json& number);

class EditorValues {
 public:
  EditorValues(const FlatGraph& flat, EditorLinks& links) : flat_(flat), links_(links) {}

  /// What the widget at an input shows: the value of a primitive or a promoted widget that feeds
  /// it, else the stored one, else the default. Nothing for a choice without choices. REQUIRES: the
  /// input is a declared widget.
  std::optional<Json> shown(size_t node, size_t input);

  /// The value of a primitive node; null if it has none.
  const Json* primitive(size_t node) const;

 private:
  const Json* stored(size_t node, const DeclaredInput& input);

  const FlatGraph& flat_;
  EditorLinks& links_;
  std::unordered_map<const EditorNode*, std::vector<const Json*>> stored_;
};

}  // namespace heddle
