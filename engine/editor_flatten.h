// The document with all instances unfolded: one flat list of nodes, in scopes that know which
// instance they belong to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/editor_document.h"

namespace heddle {

struct FlatNode {
  const EditorNode* node;
  size_t scope;
  size_t first_input;           // of its inputs, counted through all nodes
  std::optional<size_t> inner;  // scope of an instance that could be unfolded
};

/// The root, or the inside of one instance.
struct EditorScope {
  const EditorGraph* graph;
  size_t first_node = 0;  // its nodes stand one after the other
  size_t instance = 0;    // the flat node that it is the inside of; meaningless at the root
  size_t depth = 0;       // 0 at the root
  std::string id_prefix;  // of its steps: "", "10:", "10:3:"
};

struct FlatGraph {
  std::vector<EditorScope> scopes;  // the root first
  std::vector<FlatNode> nodes;      // those of the root first
  size_t input_count = 0;

  /// The flat node with this id in a scope.
  std::optional<size_t> find(size_t scope, const EditorId& id) const;

  /// `3`, or `10:3` inside instance 10.
  std::string step_id(size_t node) const;
};

/// A definition that contains itself, and a document whose instances would unfold to millions of
/// nodes, are problems; what they would add is left out.
FlatGraph flatten(const EditorDocument& document, Problems& problems);

}  // namespace heddle
