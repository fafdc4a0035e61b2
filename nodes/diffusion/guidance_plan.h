// How guidance is laid out for one size of latent: which parts the network computes, and in what
// batches.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "nodes/diffusion/guidance.h"

namespace heddle::diffusion {

/// One entry of one side, on the rectangle of the latent where it counts.
struct GuidancePart {
  size_t side = 0;
  at::Tensor context;  // [1, T, width]
  at::Tensor vector;   // [1, y_width] or undefined
  at::Tensor extra;    // [B, E, area.height, area.width] or undefined
  Area area;
  at::Tensor weights;                     // broadcasts to [B, C, area.height, area.width]
  float first_sigma = 0, last_sigma = 0;  // counts between these noise levels

  std::vector<bool> steps;                // of the schedule, in which it counts; empty: in all
  std::optional<double> composes;         // see ConditioningEntry

  bool is_active(float sigma, size_t step) const {
    return last_sigma <= sigma && sigma <= first_sigma && (steps.empty() || steps[step]);
  }
};

/// The parts for latents [B, C, H, W] of shape `shape`, in the order of the sides; side 0 is the
/// positive one, all others count as negative. A rectangle that only some sides name is computed for
/// the others too, with the conditioning of that side's smallest entry around it. Of `guidance` only
/// what the network takes is read.
std::vector<GuidancePart> guidance_parts(const std::vector<Conditioning>& sides,
                                         const Guidance& guidance, const ModelSampling& sampling,
                                         at::IntArrayRef shape);

/// The step of a schedule that asks for this noise level: the one that starts at it or last above.
/// REQUIRES: sigmas falls; 0 for an empty one.
size_t step_at(const Sigmas& sigmas, float sigma);

/// Parts that run together: indices into the parts, and the inputs that do not change from step to
/// step.
struct GuidanceBatch {
  std::vector<size_t> parts;
  at::Tensor context;  // [parts * B, T, width]
  at::Tensor vector;   // [parts * B, y_width] or undefined
  at::Tensor extra;    // [parts * B, E, H, W] of their areas, or undefined
};

/// `active` (indices, ascending) in as few batches as their shapes allow; later parts come first
/// within one.
std::vector<GuidanceBatch> guidance_batches(const std::vector<GuidancePart>& parts,
                                            std::vector<size_t> active, int64_t batch);

}  // namespace heddle::diffusion
