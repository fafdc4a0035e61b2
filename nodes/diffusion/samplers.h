// Samplers: ways to follow the probability-flow ODE or its SDE from noise to picture (Karras et al.
// 2022, Algorithms 1 and 2; Lu et al. 2022). Each is a pure function of model, start and noise
// levels, as in k-diffusion.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/diffusion/noise.h"
#include "nodes/diffusion/schedules.h"

namespace heddle::diffusion {

/// D(x, sigma): the model's guess at the noise-free latent, [B, C, H, W].
using Denoiser = std::function<at::Tensor(const at::Tensor& x, float sigma)>;
/// Told after each step: its index from 0, the number of steps, and the denoised guess.
using StepReport = std::function<void(int step, int steps, const at::Tensor& denoised)>;

/// Names, in ComfyUI's order.
const std::vector<std::string>& sampler_names();

/// Runs sampler `name` from x at sigmas.front() to sigmas.back(). `report` may be empty.
/// REQUIRES: `name` is one of sampler_names(), at least one value in `sigmas`.
at::Tensor run_sampler(std::string_view name, const Denoiser& model, at::Tensor x,
                       const Sigmas& sigmas, const DrawNoise& noise, const StepReport& report);

}  // namespace heddle::diffusion
