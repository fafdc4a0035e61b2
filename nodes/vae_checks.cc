#include "nodes/vae_checks.h"

#include <ATen/ATen.h>

#include <stdexcept>

#include "nodes/tensor_checks.h"

namespace heddle {

void check_decodable(const Latent& latent, const diffusion::Vae& vae) {
  check_not_empty(latent, "samples");
  const at::Tensor& samples = latent.samples;
  if (samples.size(1) != vae.latent_channels()) {
    throw std::runtime_error("the latent has " + std::to_string(samples.size(1)) + " channels, but this VAE reads " +
                             std::to_string(vae.latent_channels()) + ": use the VAE that belongs to the model");
  }
  check_finite(samples, "the latent");
}

void check_encodable(const Image& image, const diffusion::Vae& vae) {
  check_not_empty(image, "pixels");
  const at::Tensor& pixels = image.pixels;
  check_picture_channels(pixels, 3, "the picture");
  if (pixels.size(1) < vae.scale() || pixels.size(2) < vae.scale()) {
    throw std::runtime_error("the picture is " + size_text(pixels.size(2), pixels.size(1)) +
                             " pixels; this VAE needs at least " + std::to_string(vae.scale()) + " a side");
  }
  check_finite(pixels, "the picture");
}

}  // namespace heddle
