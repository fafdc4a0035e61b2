// How long browsers may keep an answer (comfyui_spec.md section 1.3).
#pragma once

#include <string_view>

#include "engine/server/http.h"

namespace heddle::server {

/// ComfyUI's rules by the path that was asked for: scripts, style sheets and indexes, which change under their names, are asked
/// for again; pictures are kept. Leaves an answer alone that says so itself.
void add_caching(std::string_view path, Response& response);

}  // namespace heddle::server
