// Bringing one picture to the size and channels of another before they are combined.
#pragma once

#include <string_view>

#include "nodes/values.h"

namespace heddle {

/// [B, H, W, C] to [B, H, W, channels]: what is too much is cut off, what is missing is opaque (1).
at::Tensor with_channels(const at::Tensor& pixels, int64_t channels);

/// [B, H, W, C] to [B, height, width, C] by diffusion::resize, whose `center` cuts to the new shape first.
at::Tensor resized(const at::Tensor& pixels, std::string_view method, int64_t width, int64_t height,
                   bool center = false);

}  // namespace heddle
