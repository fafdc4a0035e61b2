#include "nodes/diffusion/latent_preview.h"

#include <ATen/ATen.h>

namespace heddle::diffusion {
namespace {

/// Colour = latent * rows + bias, in -1..1: a least-squares fit to decoded pictures.
struct ColourFit {
  float rows[4][3];
  float bias[3];
};

constexpr ColourFit kStableDiffusion{{{0.3512f, 0.2297f, 0.3227f},
                                      {0.3250f, 0.4974f, 0.2350f},
                                      {-0.2829f, 0.1762f, 0.2721f},
                                      {-0.2120f, -0.2616f, -0.7177f}},
                                     {0, 0, 0}};
constexpr ColourFit kStableDiffusionXl{{{0.3651f, 0.4232f, 0.4341f},
                                        {-0.2533f, -0.0042f, 0.1068f},
                                        {0.1076f, 0.1111f, -0.0362f},
                                        {-0.3165f, -0.2492f, -0.2188f}},
                                       {0.1084f, -0.0175f, -0.0011f}};

}  // namespace

at::Tensor preview_rgb(const at::Tensor& denoised, LatentKind kind) {
  const ColourFit& fit =
      kind == LatentKind::kStableDiffusion ? kStableDiffusion : kStableDiffusionXl;
  const at::Tensor latent = denoised[0];
  std::vector<at::Tensor> colours;
  for (int colour = 0; colour < 3; ++colour) {
    at::Tensor plane = at::full_like(latent[0], fit.bias[colour]);
    for (int channel = 0; channel < 4; ++channel) {
      plane = plane + latent[channel] * fit.rows[channel][colour];
    }
    colours.push_back(plane);
  }
  const at::Tensor rgb = at::stack(colours, 2);  // [h, w, 3]
  return ((rgb + 1) / 2).clamp(0, 1).mul(255).to(at::kByte);
}

}  // namespace heddle::diffusion
