// What pictures, masks and latents must be before they are computed with, said in words: torch's own errors speak of
// dimensions and broadcasting.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "nodes/values.h"

namespace heddle {

/// Throws std::runtime_error if there is not one number in it; `what` is the name of its socket.
void check_not_empty(const Latent& latent, const char* what);
void check_not_empty(const Image& image, const char* what);
void check_not_empty(const Mask& mask, const char* what);

/// Throws std::runtime_error if `tensor` holds NaN or infinity. `what` is "the latent", "the mask"...
void check_finite(const at::Tensor& tensor, const std::string& what);

/// Throws std::runtime_error if a picture [B, H, W, C] has fewer channels than `channels`.
void check_picture_channels(const at::Tensor& pixels, int64_t channels, const std::string& what);

/// x with its batch repeated, where it is 1, to match `count`. Throws std::runtime_error for other batches that differ.
at::Tensor match_batch(const at::Tensor& x, int64_t count, const std::string& what);

/// "640x480".
std::string size_text(int64_t width, int64_t height);

}  // namespace heddle
