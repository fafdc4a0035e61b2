// ComfyUI's routes for models: /models, /embeddings, /experiment/models with previews, /internal/folder_paths.
#pragma once

#include "engine/server/site.h"

namespace heddle::server {

void add_comfy_model_routes(Routes& routes, Site& site);

}  // namespace heddle::server
