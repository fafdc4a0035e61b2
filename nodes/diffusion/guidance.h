// What steers a picture: conditioning, and classifier-free guidance (Ho and Salimans 2022).
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "nodes/diffusion/heartbeat.h"
#include "nodes/diffusion/picture_facts.h"
#include "nodes/diffusion/region.h"
#include "nodes/diffusion/samplers.h"
#include "nodes/diffusion/unet_hooks.h"

namespace heddle::diffusion {

class UNet;
struct ModelHooks;  // model_hooks.h

/// The hooks of one patch, made anew for each run of a sampler, so that they may keep something from
/// step to step.
using MakeHooks = std::function<ModelHooks()>;

/// One prompt's worth of steering, and where, when and how strongly it counts.
struct ConditioningEntry {
  at::Tensor cross_attention;  // [1, T, width]
  at::Tensor pooled;           // [1, width], or undefined for networks that take no vector
  PictureFacts facts;          // joins `pooled` for SDXL
  at::Tensor concat_latent;  // undefined, or [b, C, h, w], unscaled: what an inpainting or editing
                             //   model sees of the picture
  at::Tensor concat_mask;    // undefined, or [b, h, w]: where it paints
  double strength = 1;       // weight against the other entries of its side
  Region region;             // everywhere, if not set
  double start_percent = 0;  // part of the schedule in which it counts,
  double end_percent = 1;    //   see ModelSampling::percent_to_sigma
  std::vector<bool> steps;   // empty: every step; else one flag a step of the schedule
  std::optional<double> composes;  // set: adds that many times what it asks for beyond the negative
                                   //   side, instead of joining the mean (Liu et al. 2022)
};
using Conditioning = std::vector<ConditioningEntry>;

/// What a network takes behind x, [B, E, H, W] for a latent [B, C, H, W] of shape `shape`.
using ExtraChannels =
    std::function<at::Tensor(const ConditioningEntry& entry, at::IntArrayRef shape)>;

/// How the guesses of the sides become one.
enum class GuidanceRule {
  kClassifierFree,  // negative + (positive - negative) * scale
  kDual,            // guidance of `third` from the negative by second_scale, and from there the way
                    //   from `third` to the positive, scale times
  kDualNested,      // guidance of the positive from `third` by scale, and that from the negative
  kPerpNeg,         // see perpendicular_guidance; `third` is the empty prompt
};

struct Guidance {
  Conditioning positive, negative;
  double scale = 1;              // cfg
  int64_t y_width = 0;           // of the vector that the network takes; 0: none
  ExtraChannels extra_channels;  // unset: none
  GuidanceRule rule = GuidanceRule::kClassifierFree;
  Conditioning third;       // of the rules that join three sides; counts as a negative one
  double second_scale = 1;  // kDual, kDualNested: cfg of the negative side; kPerpNeg: neg_scale
  std::vector<MakeHooks> hooks;  // of the model's patches, in their order
  Sigmas schedule;  // of the whole run, for entries that count by steps; may be empty if none do
};

/// A network: x [N, C + E, H, W] scaled, timesteps [N], context [N, T, width], y [N, width] or
/// undefined; gives what ModelSampling::denoised takes. May have hooks inside.
class Predict {
 public:
  using Function =
      std::function<at::Tensor(const at::Tensor& x, const at::Tensor& timesteps,
                               const at::Tensor& context, const at::Tensor& y, const UNetCall&)>;

  template <class F>
    requires std::is_invocable_r_v<at::Tensor, F, const at::Tensor&, const at::Tensor&,
                                    const at::Tensor&, const at::Tensor&, const UNetCall&>
  Predict(F predict) : predict_(std::move(predict)) {}
  /// A network without hooks.
  template <class F>
    requires std::is_invocable_r_v<at::Tensor, F, const at::Tensor&, const at::Tensor&,
                                    const at::Tensor&, const at::Tensor&>
  Predict(F plain)
      : predict_([plain = std::move(plain)](const at::Tensor& x, const at::Tensor& timesteps,
                                            const at::Tensor& context, const at::Tensor& y,
                                            const UNetCall&) {
          return plain(x, timesteps, context, y);
        }) {}

  at::Tensor operator()(const at::Tensor& x, const at::Tensor& timesteps,
                        const at::Tensor& context, const at::Tensor& y,
                        const UNetCall& call = {}) const {
    return predict_(x, timesteps, context, y, call);
  }

 private:
  Function predict_;
};

/// D(x, sigma) under guidance, by its rule and hooks. Each side is the weighted mean of its entries;
/// where the entries of the positive side compose, it is the negative side and the sum of their
/// weighted differences from it.
/// Entries of all sides run as one batch where their shapes allow it; at scale 1 the negative side
/// is not computed, unless a hook needs it. A token sequence may be repeated up to four times to
/// match a longer one: attention over repeats gives the same. `heartbeat`, if set, is called before
/// every call of the network. The contexts of a batch stay the same tensor while the active entries
/// do, so a network may remember them. Throws std::runtime_error if a region lies outside of the
/// latent, if a hook or a composition needs a negative side and there is none, if entries are for
/// another number of steps than the schedule has, and for a composition on the negative side, with
/// entries beside it that do not compose, or against negative areas.
Denoiser guided_denoiser(Predict predict, const ModelSampling& sampling, Guidance guidance,
                         Heartbeat heartbeat);

/// The same over a U-Net, which must outlive the result and knows its y_width.
Denoiser guided_denoiser(const UNet& unet, const ModelSampling& sampling, Guidance guidance,
                         Heartbeat heartbeat);

}  // namespace heddle::diffusion
