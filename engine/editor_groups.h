// Group nodes, the older form of subgraphs: a definition without declared ends, whose unlinked
// inner sockets are the inputs and outputs of its instances. Read into the same structs as a
// subgraph.
#pragma once

#include <memory>
#include <string_view>

#include "engine/editor_reader.h"

namespace heddle {

/// `json` is one entry of extra.groupNodes. Its inner ids are the places of its nodes.
std::unique_ptr<EditorGraph> read_group(const Json& json, std::string_view name,
                                        EditorReader& reader, Problems& problems);

}  // namespace heddle
