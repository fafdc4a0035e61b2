// Schedules found by optimisation, as tables: each value was searched for, none follows a formula.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nodes/diffusion/schedules.h"

namespace heddle::diffusion {

/// Families that align_your_steps knows.
const std::vector<std::string>& align_your_steps_families();

/// Sabour et al. 2024, "Align Your Steps": tables of ten steps, other counts log-linear between
/// their values; the last round(steps * denoise) steps. No values for denoise 0. Throws
/// std::invalid_argument for an unknown family. REQUIRES: steps >= 1.
Sigmas align_your_steps(std::string_view family, int steps, double denoise);

/// Chen et al. 2024, "On the Trajectory Regularity of ODE-based Diffusion Sampling" (GITS): a table
/// for every coefficient from 0.8 to 1.5 in steps of 0.05 (nearest taken) and 2 to 20 steps, more
/// log-linear between the values of the last; the last round(steps * denoise) steps. No values for
/// denoise 0. REQUIRES: steps >= 2.
Sigmas gits(double coefficient, int steps, double denoise);

}  // namespace heddle::diffusion
