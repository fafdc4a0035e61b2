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

/// Names, in ComfyUI's order.
const std::vector<std::string>& sampler_names();

/// Runs sampler `name` from x at sigmas.front() to sigmas.back(). `report` may be empty.
/// REQUIRES: `name` is one of sampler_names(), at least one value in `sigmas`.
at::Tensor run_sampler(std::string_view name, const Denoiser& model, at::Tensor x,
                       const Sigmas& sigmas, const DrawNoise& noise, const StepReport& report);

}  // namespace heddle::diffusion
