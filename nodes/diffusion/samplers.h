// Samplers: ways to follow the probability-flow ODE or its SDE from noise to picture (Karras et al. 2022, Algorithm 1
// and 2; Lu et al. 2022). Each is a pure function of model, start and noise levels, as in k-diffusion.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/diffusion/schedules.h"

namespace heddle::diffusion {

/// D(x, sigma): the model's guess at the noise-free latent, [B, C, H, W].
using Denoiser = std::function<at::Tensor(const at::Tensor& x, float sigma)>;
/// A fresh draw of unit noise in the shape of the latent.
using DrawNoise = std::function<at::Tensor()>;
/// Told after each step: its index, the number of steps, and the denoised guess.
using StepReport = std::function<void(int step, int steps, const at::Tensor& denoised)>;

const std::vector<std::string>& sampler_names();

/// Runs sampler `name` from x at sigmas.front() to sigmas.back(). REQUIRES: `name` is one of sampler_names().
at::Tensor run_sampler(std::string_view name, const Denoiser& model, at::Tensor x, const Sigmas& sigmas,
                       const DrawNoise& noise, const StepReport& report);

}  // namespace heddle::diffusion
