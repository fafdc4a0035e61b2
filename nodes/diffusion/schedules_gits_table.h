// The numbers of the GITS schedule (see schedules_tuned.h).
#pragma once

#include <cstdint>
#include <span>

namespace heddle::diffusion {

constexpr int kGitsFewestSteps = 2, kGitsMostSteps = 20;
constexpr double kGitsFirstCoefficient = 0.8, kGitsCoefficientStep = 0.05;

/// Every level that occurs in a table, descending.
std::span<const float> gits_levels();

/// Which of gits_levels() a schedule of `steps` steps walks down, steps + 1 of them. REQUIRES:
/// 0 <= coefficient_index <= 14, steps within the bounds above.
std::span<const uint8_t> gits_indices(int coefficient_index, int steps);

}  // namespace heddle::diffusion
