// The one door from the program to the nodes.
#pragma once

namespace heddle {

class Registry;

/// Declares every node of this program.
void register_nodes(Registry& registry);

}  // namespace heddle
