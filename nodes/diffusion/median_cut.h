// Palettes by median cut (Heckbert 1982, "Color Image Quantization for Frame Buffer Display"): the
// colours of a picture in a box that is halved, and its halves again.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace heddle::diffusion {

using Rgb = std::array<uint8_t, 3>;

/// At most `count` colours for the pixels, the same in the same order as Image.quantize of Pillow
/// 13 gives. The box with the most pixels is cut next, across its longest side as the eye weighs
/// it; each colour is the mean of the pixels of its box. REQUIRES: pixels, count >= 1.
std::vector<Rgb> median_cut(const std::vector<Rgb>& pixels, int count);

}  // namespace heddle::diffusion
