// What SDXL and its refiner are told about a picture besides the prompt (Podell et al. 2023, "SDXL:
// Improving Latent Diffusion Models for High-Resolution Image Synthesis", section 2.2): sizes,
// crops, and for the refiner a score.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace heddle::diffusion {

/// In pixels, as a training picture would have had them. What is not set follows from the latent.
struct PictureFacts {
  std::optional<double> height, width;                // of the original; the latent's
  double crop_y = 0, crop_x = 0;                      // cut off above and to the left
  std::optional<double> target_height, target_width;  // after cropping; height and width
  std::optional<double> aesthetic_score;  // 6 for a positive prompt, 2.5 for a negative one
};

/// The vector [1, y_width] for a network that takes one of `y_width` values: `pooled` [1, width] of
/// the prompt, then a sinusoid of 256 values for each fact: six for SDXL, five for the refiner,
/// none if pooled alone has the width. `latent` is [B, C, H, W]. Undefined if y_width is 0. Throws
/// std::runtime_error if pooled is undefined or no such sum fits.
at::Tensor vector_conditioning(const at::Tensor& pooled, const PictureFacts& facts, bool positive,
                               at::IntArrayRef latent, int64_t y_width);

}  // namespace heddle::diffusion
