// What there is to build graphs from: nodes, models, and the machine. Part of add_v1_graph_routes().
#pragma once

#include "engine/server/site.h"

namespace heddle::server {

void add_node_routes(Routes& routes, Site& site);
void add_model_routes(Routes& routes, Site& site);
void add_system_route(Routes& routes, Site& site);

}  // namespace heddle::server
