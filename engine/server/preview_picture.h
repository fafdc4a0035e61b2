// Previews of a picture in the making, as clients of ComfyUI expect them: a JPEG that fits a square.
#pragma once

#include <string>

#include "engine/image_file.h"

namespace heddle::server {

/// Scaled up or down so that its longer side is `side` pixels, by linear interpolation (a triangle filter, widened where
/// it scales down). REQUIRES: depth 8.
Picture fit_picture(const Picture& picture, int side);

std::string preview_jpeg(const Picture& picture, int side);

}  // namespace heddle::server
