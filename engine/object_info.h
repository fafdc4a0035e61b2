// The declarations of nodes in the form of ComfyUI's /object_info (comfyui_spec.md section 1.6), which editors, clients and
// the reader of the editor format understand.
#pragma once

#include "engine/folders.h"
#include "engine/json.h"
#include "engine/registry.h"

namespace heddle {

/// One node, under the name it was asked for.
Json node_info(const NodeDeclaration& node, const std::string& name, const Folders& folders);

/// A node that heddle does not have, for editors that cannot do without its declaration: without sockets, deprecated, and
/// refused by every check.
Json missing_node_info(const std::string& name, const std::string& topic);

/// {name: info} for every name, aliases included. Lists folders.
Json object_info(const Registry& registry, const Folders& folders);

}  // namespace heddle
