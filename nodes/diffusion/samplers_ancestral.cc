// Samplers that go below the next level and come back up with fresh noise.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "nodes/diffusion/fp32.h"
#include "nodes/diffusion/resize.h"
#include "nodes/diffusion/sampler_run.h"

namespace heddle::diffusion {
namespace {

/// The next draw for lcm_upscale. ComfyUI's bislerp leaves a batch channels-last in memory, and
/// noise is drawn in that order from then on.
at::Tensor further_noise(const SamplerRun& run, const at::Tensor& x, bool channels_last) {
  if (!channels_last) return run.noise.further(x);
  return run.noise.further(x.contiguous(at::MemoryFormat::ChannelsLast)).contiguous();
}

/// At step `i` of lcm_upscale: how many times as large the latent is afterwards as it was at first.
double scale_after(const Upscaling& upscaling, int count, int i) {
  return 1 + (upscaling.ratio - 1) * (i + 1) / count;
}

/// Over how many steps lcm_upscale lets the latent grow.
int growing_steps(const Upscaling& upscaling, int levels) {
  if (!upscaling.steps) return std::max(levels / 2, 1);
  return std::min(*upscaling.steps, levels);
}

}  // namespace

/// DPM-Solver++(2S): Lu et al. 2022, "DPM-Solver++", Algorithm 1, with ancestral steps.
at::Tensor dpmpp_2s_ancestral(const SamplerRun& run, at::Tensor x) {
  for (int i = 0; i < run.steps(); ++i) {
    const float sigma = run.level(i);
    const auto [down, up] = ancestral_step(sigma, run.level(i + 1), run.options.eta);
    const at::Tensor denoised = run.model(x, sigma);
    run.finished(i, denoised);
    if (down == 0) {
      x = x + slope(x, denoised, sigma) * (down - sigma);
    } else {
      const float t = log_time(sigma), t_down = log_time(down), h = t_down - t;
      const float middle = level_at(t + 0.5f * h);
      const at::Tensor between = (middle / level_at(t)) * x - fp32::expm1(-h * 0.5f) * denoised;
      x = (level_at(t_down) / level_at(t)) * x - fp32::expm1(-h) * run.model(between, middle);
    }
    if (!run.ends_at_zero(i)) x = x + run.fresh(x, up);
  }
  return x;
}

/// The same, noise being put back along the negative guess (Chung et al. 2024).
at::Tensor dpmpp_2s_ancestral_cfg_pp(const SamplerRun& run, at::Tensor x) {
  for (int i = 0; i < run.steps(); ++i) {
    const float sigma = run.level(i);
    const auto [down, up] = ancestral_step(sigma, run.level(i + 1), run.options.eta);
    const Guess guess = run.model.both(x, sigma);
    const at::Tensor& denoised = guess.denoised;
    run.finished(i, denoised);
    if (down == 0) {
      x = denoised + slope(x, guess.negative, sigma) * down;
    } else {
      const float t = log_time(sigma), t_down = log_time(down), h = t_down - t;
      const float middle = level_at(t + 0.5f * h);
      const at::Tensor between = (middle / level_at(t)) * (x + (denoised - guess.negative)) -
                                 fp32::expm1(-h * 0.5f) * denoised;
      const Guess second = run.model.both(between, middle);
      x = (level_at(t_down) / level_at(t)) * (x + (denoised - second.negative)) -
          fp32::expm1(-h) * second.denoised;
    }
    if (!run.ends_at_zero(i)) x = x + run.fresh(x, up);
  }
  return x;
}

/// Ho et al. 2020, Algorithm 2, in the variance-preserving variable y = x / sqrt(1 + sigma^2).
at::Tensor ddpm(const SamplerRun& run, at::Tensor x) {
  const auto power_at = [&](int step) { return run.level(step) * run.level(step) + 1; };
  for (int i = 0; i < run.steps(); ++i) {
    const at::Tensor denoised = run.model(x, run.level(i));
    run.finished(i, denoised);
    const float kept = 1 / power_at(i), kept_next = 1 / power_at(i + 1), alpha = kept / kept_next;
    const at::Tensor noise = slope(x, denoised, run.level(i));
    const at::Tensor y = x / fp32::sqrt(power_at(i));
    x = fp32::sqrt(1 / alpha) * (y - (1 - alpha) * noise / fp32::sqrt(1 - kept));
    if (run.ends_at_zero(i)) continue;
    const float spread = fp32::sqrt((1 - alpha) * (1 - kept_next) / (1 - kept));
    x = (x + run.fresh(x, spread)) * fp32::sqrt(power_at(i + 1));
  }
  return x;
}

/// Luo et al. 2023, "Latent Consistency Models", Algorithm 3: the guess, made noisy again.
at::Tensor lcm(const SamplerRun& run, at::Tensor x) {
  for (int i = 0; i < run.steps(); ++i) {
    x = run.model(x, run.level(i));
    run.finished(i, x);
    if (!run.ends_at_zero(i)) x = x + run.fresh(x, run.level(i + 1));
  }
  return x;
}

/// lcm that makes the guess larger before it is noisy again. Its noise goes on from the starting
/// noise.
at::Tensor lcm_upscale(const SamplerRun& run, at::Tensor x) {
  const Upscaling& upscaling = run.options.upscaling;
  const int64_t height = x.size(2), width = x.size(3);
  const auto scaled = [](int64_t size, double scale) {
    return std::max<int64_t>(int64_t(std::nearbyint(double(size) * scale)), 1);
  };
  const int count = growing_steps(upscaling, int(run.sigmas.size()));
  const bool channels_last = count > 0 && x.size(0) > 1 && upscaling.method == "bislerp";
  for (int i = 0; i < run.steps(); ++i) {
    x = run.model(x, run.level(i));
    run.finished(i, x);
    if (i < count) {
      const double scale = scale_after(upscaling, count, i);
      x = resize(x, upscaling.method, scaled(width, scale), scaled(height, scale), false);
    }
    if (!run.ends_at_zero(i)) x = x + further_noise(run, x, channels_last) * run.level(i + 1);
  }
  return x;
}

}  // namespace heddle::diffusion
