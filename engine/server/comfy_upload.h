// ComfyUI's uploads: /upload/image and /upload/mask. They take files of any kind, put them below input, output or temp,
// and never replace one that is there unless asked to.
#pragma once

#include "engine/server/site.h"

namespace heddle::server {

void add_comfy_upload_routes(Routes& routes, Site& site);

}  // namespace heddle::server
