// What steers a picture: conditioning, and classifier-free guidance (Ho and Salimans 2022).
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "nodes/diffusion/samplers.h"
#include "nodes/diffusion/schedules.h"
#include "nodes/diffusion/unet.h"

namespace heddle::diffusion {

/// One prompt's worth of steering. Regions and time ranges join here as further members.
struct ConditioningEntry {
  Tensor cross_attention;  // [1, T, width]
  Tensor pooled;           // [1, width] or undefined
};
using Conditioning = std::vector<ConditioningEntry>;

struct Guidance {
  Conditioning positive, negative;
  double scale = 1;  // cfg
};

/// D(x, sigma) under guidance: negative + (positive - negative) * scale. Both halves run as one batch where their
/// shapes allow it; at scale 1 the negative half is not computed.
Denoiser guided_denoiser(const UNet& unet, const ModelSampling& sampling, Guidance guidance, Heartbeat heartbeat);

}  // namespace heddle::diffusion
