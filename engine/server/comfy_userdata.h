// ComfyUI's /userdata: the files of the frontend's user, saved workflows above all.
#pragma once

#include <filesystem>

#include "engine/server/http.h"

namespace heddle::server {

/// `folder` holds the files; it is made by the first that is saved.
void add_comfy_userdata_routes(Routes& routes, std::filesystem::path folder);

}  // namespace heddle::server
