// Changes to a list of noise levels. Each gives a new list; none needs a model.
#pragma once

#include <string_view>
#include <utility>

#include "nodes/diffusion/schedules.h"

namespace heddle::diffusion {

/// The list up to level `step`, and from it on: both have it. A step past the end leaves the second
/// part empty. REQUIRES: step >= 0.
std::pair<Sigmas, Sigmas> split_at(const Sigmas& sigmas, int step);

/// Split so that the second part has the share `denoise` (0..1) of the steps; for 0 the first part
/// is empty and the second the last level.
std::pair<Sigmas, Sigmas> split_share(const Sigmas& sigmas, double denoise);

/// From the last to the first, for samplers that add noise. A leading 0 becomes 0.0001: nothing can
/// be divided by it.
Sigmas flipped(Sigmas sigmas);

/// How extra levels lie between two.
enum class Spacing { kLinear, kCosine, kSine };

/// `steps` steps in the place of each that starts at a level from `low` to `high`.
Sigmas extended(const Sigmas& sigmas, int steps, double low, double high, Spacing spacing);

}  // namespace heddle::diffusion
