// What steers a picture: conditioning, and classifier-free guidance (Ho and Salimans 2022).
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <vector>

#include "nodes/diffusion/heartbeat.h"
#include "nodes/diffusion/picture_facts.h"
#include "nodes/diffusion/region.h"
#include "nodes/diffusion/samplers.h"

namespace heddle::diffusion {

class UNet;

/// One prompt's worth of steering, and where, when and how strongly it counts.
struct ConditioningEntry {
  at::Tensor cross_attention;  // [1, T, width]
  at::Tensor pooled;           // [1, width], or undefined for networks that take no vector
  PictureFacts facts;          // joins `pooled` for SDXL
  double strength = 1;         // weight against the other entries of its side
  Region region;               // everywhere, if not set
  double start_percent = 0;    // part of the schedule in which it counts,
  double end_percent = 1;      //   see ModelSampling::percent_to_sigma
  std::vector<bool> steps;     // empty: every step; else one flag a step of the schedule
  std::optional<double> composes;  // set: adds that many times what it asks for beyond the negative
                                   //   side, instead of joining the mean (Liu et al. 2022)
};
using Conditioning = std::vector<ConditioningEntry>;

struct Guidance {
  Conditioning positive, negative;
  double scale = 1;     // cfg
  int64_t y_width = 0;  // of the vector that the network takes; 0: none
  at::Tensor extra_channels;  // [B, E, H, W] that a U-Net takes behind x; undefined: none
  Sigmas schedule;  // of the whole run, for entries that count by steps; may be empty if none do
};

/// The network: x [N, C, H, W] scaled, timesteps [N], context [N, T, width], y [N, width] or
/// undefined; gives what ModelSampling::denoised takes.
using Predict = std::function<at::Tensor(const at::Tensor& x, const at::Tensor& timesteps,
                                         const at::Tensor& context, const at::Tensor& y)>;

/// D(x, sigma) under guidance: negative + (positive - negative) * scale. Each side is the weighted
/// mean of its entries; where the entries of the positive side compose, their weighted differences
/// from the negative side are summed instead. Entries of both sides run as one batch where their
/// shapes allow it; at scale 1 the negative side is not computed. A token sequence may be repeated
/// up to four times to match a longer one: attention over repeats gives the same. `heartbeat`, if
/// set, is called before every call of the network. The contexts of a batch stay the same tensor
/// while the active entries do, so a network may remember them. Throws std::runtime_error if a
/// region lies outside of the latent, if entries are for another number of steps than the schedule
/// has, and for a composition on the negative side, with entries beside it that do not compose, or
/// against negative areas.
Denoiser guided_denoiser(Predict predict, const ModelSampling& sampling, Guidance guidance,
                         Heartbeat heartbeat);

/// The same over a U-Net, which must outlive the result and knows its y_width.
Denoiser guided_denoiser(const UNet& unet, const ModelSampling& sampling, Guidance guidance,
                         Heartbeat heartbeat);

}  // namespace heddle::diffusion
