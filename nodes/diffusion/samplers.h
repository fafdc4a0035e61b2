// Samplers: ways to follow the probability-flow ODE or its SDE from noise to picture (Karras et al.
// 2022, Algorithms 1 and 2; Lu et al. 2022). Each is a pure function of model, start and noise
// levels, as in k-diffusion.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "nodes/diffusion/noise.h"
#include "nodes/diffusion/sampler_options.h"
#include "nodes/diffusion/schedules.h"

namespace heddle::diffusion {

/// A guess at the noise-free latent, [B, C, H, W], and what the negative side alone guessed.
struct Guess {
  at::Tensor denoised;
  at::Tensor negative;  // undefined unless asked for
};

/// D(x, sigma): the model as samplers see it.
class Denoiser {
 public:
  using Function = std::function<Guess(const at::Tensor& x, float sigma, bool with_negative)>;

  explicit Denoiser(Function guess) : guess_(std::move(guess)) {}
  /// A plain D(x, sigma), without sides.
  template <class D>
  requires std::is_invocable_r_v<at::Tensor, D, const at::Tensor&, float> Denoiser(D plain)
      : guess_([plain = std::move(plain)](const at::Tensor& x, float sigma, bool) {
          return Guess{plain(x, sigma), {}};
        }) {}

  at::Tensor operator()(const at::Tensor& x, float sigma) const {
    return guess_(x, sigma, false).denoised;
  }
  /// For samplers that step along the negative guess (Chung et al. 2024, "CFG++"): computed at
  /// scale 1 too.
  Guess both(const at::Tensor& x, float sigma) const { return guess_(x, sigma, true); }
  Guess guess(const at::Tensor& x, float sigma, bool with_negative) const {
    return guess_(x, sigma, with_negative);
  }

 private:
  Function guess_;
};
/// Told after each step: its index from 0, the number of steps, and the denoised guess.
using StepReport = std::function<void(int step, int steps, const at::Tensor& denoised)>;

/// Names that KSampler offers, in ComfyUI's order.
const std::vector<std::string>& sampler_names();

/// The sampler of that name with its own settings: one of sampler_names(), or one that only nodes
/// make. Throws std::invalid_argument for another.
Sampler sampler_named(std::string_view name);

/// Throws std::runtime_error if the sampler cannot walk these levels: it says which one is wrong.
void check_levels(const Sampler& sampler, const Sigmas& sigmas);

/// Runs the sampler from x at sigmas.front() to sigmas.back(). `report` may be empty. Throws
/// std::invalid_argument for an unknown name and std::runtime_error for settings that lead nowhere.
/// REQUIRES: check_levels passes.
at::Tensor run_sampler(const Sampler& sampler, const Denoiser& model, at::Tensor x,
                       const Sigmas& sigmas, const SamplerNoise& noise,
                       const ModelSampling& sampling, const StepReport& report);

}  // namespace heddle::diffusion
