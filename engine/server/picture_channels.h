// What viewers and the mask editor do to the channels of a picture. Pure.
#pragma once

#include "engine/image_file.h"

namespace heddle::server {

/// 16 bits a channel become 8: the upper ones, as Pillow does it.
Picture eight_bits(Picture picture);
/// Alpha is dropped, not blended.
Picture without_alpha(Picture picture);
/// Black, with the alpha of `picture`: opaque where it has none.
Picture alpha_alone(const Picture& picture);
/// `picture` with the alpha of `mask`: opaque where that has none. REQUIRES: the same size.
Picture with_alpha_of(Picture picture, const Picture& mask);

}  // namespace heddle::server
