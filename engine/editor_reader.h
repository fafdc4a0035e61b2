// Reads single nodes, sockets and links of the editor's format; editor_document.h puts them
// together.
#pragma once

#include <string>

#include "engine/editor_document.h"

namespace heddle {

/// A whole number, or text; nothing for anything else and for text over 200 bytes.
std::optional<EditorId> read_id(const Json& json);

/// A whole number, or a text of digits; -1 for anything else.
int64_t read_slot(const Json& json);

/// The values in a list, or in an object with the keys "0", "1"... and `length`; null pointers
/// where an object has gaps.
std::vector<const Json*> read_values(const Json* values);

class EditorReader {
 public:
  enum class Ids { kOwn, kPlaces };  // kPlaces: nodes have none, their places in the list count

  EditorReader(const EditorNames& names, Declarations& declarations, Problems& problems)
      : names_(names), declarations_(declarations), problems_(problems) {}

  /// `where` names the graph in problems: "" for the root.
  void read_nodes(const Json& nodes, Ids ids, const std::string& where, EditorGraph& graph);
  void read_links(const Json& links, const std::string& where, EditorGraph& graph);

 private:
  std::optional<EditorNode> read_node(const Json& json, const std::optional<EditorId>& id,
                                      const std::string& where);
  void read_inputs(const Json& inputs, const std::string& where, EditorNode& node);
  void malformed(const std::string& where, const std::string& what);

  const EditorNames& names_;
  Declarations& declarations_;
  Problems& problems_;
};

/// Puts the sockets of `node` into the editor's order and adds the declared ones that the file
/// lacks.
void order_sockets(EditorNode& node);

}  // namespace heddle
