// Pictures in files to tensors and back.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "engine/image_file.h"

namespace heddle {

/// [1, H, W, 3] in 0..1. 16-bit channels keep their upper 8 bits, as Pillow reads them.
at::Tensor picture_colours(const Picture& picture);

/// 1 - alpha, [1, H, W] in 0..1. REQUIRES: 4 channels.
at::Tensor picture_mask(const Picture& picture);

/// Row `index` of [B, H, W, C] as 8 bits: 255 x, clipped and cut off (not rounded), as ComfyUI saves. One channel becomes
/// grey, more than four are cut.
Picture to_picture(const at::Tensor& pixels, int64_t index);

}  // namespace heddle
