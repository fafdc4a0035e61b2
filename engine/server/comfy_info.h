// What ComfyUI's clients are told of the server, where more than one route tells it.
#pragma once

#include "engine/server/site.h"

namespace heddle::server {

/// The version of ComfyUI whose protocol this is; clients compare it with what they need.
inline constexpr const char* kComfyVersion = "0.3.64";

/// GET /features, and the answer to a client's feature_flags on the WebSocket.
Json server_features(const Site& site);

}  // namespace heddle::server
