#include "nodes/guider.h"

#include <ATen/ATen.h>

#include <stdexcept>
#include <string>

#include "nodes/diffusion/extra_channels.h"

namespace heddle {
namespace {

void check_width(const diffusion::Conditioning& conditioning, const char* socket, int width) {
  for (const auto& entry : conditioning) {
    const int64_t got = entry.cross_attention.size(2);
    if (got == width) continue;
    throw std::runtime_error(std::string(socket) + " was encoded " + std::to_string(got) +
                             " wide, but this model reads " + std::to_string(width) +
                             ": encode it with the text encoder that belongs to the model");
  }
}

}  // namespace

diffusion::Guidance guidance_of(const diffusion::Conditioning& positive, const diffusion::Conditioning& negative,
                                double scale) {
  diffusion::Guidance guidance;
  guidance.positive = positive;
  guidance.negative = negative;
  guidance.scale = scale;
  return guidance;
}

diffusion::Denoiser open_guider(const Guider& guider, const Latent& latent, const diffusion::Heartbeat& heartbeat) {
  const auto unet = guider.model.network->get(heartbeat);
  diffusion::Guidance guidance = guider.guidance;
  check_width(guidance.positive, "positive", unet->layout().context_width);
  check_width(guidance.negative, "negative", unet->layout().context_width);
  check_width(guidance.third, "the third conditioning", unet->layout().context_width);
  guidance.hooks = guider.model.hooks;
  guidance.extra_channels = diffusion::extra_channels(unet->layout().in_channels - unet->layout().out_channels,
                                                      latent.samples, latent.noise_mask, guider.model.latent_scale);
  auto denoiser = diffusion::guided_denoiser(*unet, guider.model.sampling, std::move(guidance), heartbeat);
  // The denoiser refers to the network, which the model's holder may drop.
  return diffusion::Denoiser([unet, denoiser = std::move(denoiser)](const at::Tensor& x, float sigma, bool with_negative) {
    return denoiser.guess(x, sigma, with_negative);
  });
}

}  // namespace heddle
