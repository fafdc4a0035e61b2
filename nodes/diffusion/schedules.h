// Schedules: the noise levels a sampler walks down, from a large sigma to 0.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/diffusion/model_sampling.h"

namespace heddle::diffusion {

using Sigmas = std::vector<float>;

/// Names, in ComfyUI's order.
const std::vector<std::string>& schedule_names();

/// `steps` + 1 values that fall to 0; "ddim_uniform" and "beta" may give another number of them, and
/// "kl_optimal" needs two steps or it gives NaN. REQUIRES: `name` is one of schedule_names(),
/// steps >= 1.
Sigmas make_schedule(std::string_view name, const ModelSampling& sampling, int steps);

/// What KSampler walks. denoise (0..1) is how much of the schedule to run: its last `steps` steps
/// out of steps / denoise; 0 gives no values. Samplers that land on the last level twice get one
/// step more, and its level is dropped. Throws std::runtime_error for a denoise so small that the
/// whole schedule would not fit into memory.
Sigmas sampler_schedule(std::string_view schedule, std::string_view sampler,
                        const ModelSampling& sampling, int steps, double denoise);

/// What BasicScheduler gives: the last `steps` steps of the schedule for steps / denoise, whatever
/// the sampler. Throws like sampler_schedule.
Sigmas last_of_schedule(std::string_view schedule, const ModelSampling& sampling, int steps,
                        double denoise);

/// What KSamplerAdvanced walks: the values from step `start` to step `end`. With
/// `force_full_denoise` a range that stops early ends at 0 all the same. No values if nothing is
/// left to do.
Sigmas schedule_range(Sigmas sigmas, std::optional<int> start, std::optional<int> end,
                      bool force_full_denoise);

}  // namespace heddle::diffusion
