// Joins guidance to the U-Net; apart from guidance.cc so that guidance can be used without a
// network.
#include <ATen/ATen.h>

#include "nodes/diffusion/guidance.h"
#include "nodes/diffusion/unet.h"

namespace heddle::diffusion {

Denoiser guided_denoiser(const UNet& unet, const ModelSampling& sampling, Guidance guidance,
                         Heartbeat heartbeat) {
  Predict predict = [&unet, heartbeat](const at::Tensor& x, const at::Tensor& timesteps,
                                       const at::Tensor& context, const at::Tensor& y,
                                       const UNetCall& call) {
    return unet.forward(x, timesteps, context, y, heartbeat, {}, call);
  };
  guidance.y_width = unet.layout().y_width;
  return guided_denoiser(std::move(predict), sampling, std::move(guidance), std::move(heartbeat));
}

}  // namespace heddle::diffusion
