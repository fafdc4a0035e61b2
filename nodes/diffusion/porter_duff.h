// Composition of transparent pictures (Porter and Duff 1984, "Compositing Digital Images"), with
// the blend modes that Android's PorterDuff.Mode adds.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>
#include <vector>

namespace heddle::diffusion {

/// ADD, CLEAR, DARKEN, DST, DST_ATOP...
std::vector<std::string> porter_duff_modes();

/// Colours [B, H, W, C], not multiplied by opacity, and opacity [B, H, W, 1].
struct Layer {
  at::Tensor colours, opacity;
};

/// `source` with `destination`, both of one shape. Colours are 0 where the result is transparent.
/// Throws std::invalid_argument for another mode.
Layer porter_duff(const Layer& source, const Layer& destination, std::string_view mode);

}  // namespace heddle::diffusion
