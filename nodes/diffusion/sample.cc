#include "nodes/diffusion/sample.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <stdexcept>

#include "nodes/diffusion/batch.h"
#include "nodes/diffusion/resize.h"

namespace heddle::diffusion {
namespace {

bool is_zero(const at::Tensor& x) { return !x.any().item<bool>(); }
bool is_finite(const at::Tensor& x) { return at::isfinite(x).all().item<bool>(); }

/// An empty latent carries no picture, only a size, so it fits every model.
at::Tensor fit_channels(const at::Tensor& latent, int64_t channels) {
  if (latent.size(1) == channels) return latent;
  if (is_zero(latent)) return repeat_to_batch(latent, channels, 1);
  throw std::runtime_error("the latent has " + std::to_string(latent.size(1)) +
                           " channels but the model samples " + std::to_string(channels) +
                           ": encode the picture with the VAE of this model");
}

/// What of the picture to keep, in scaled latents.
struct Inpainting {
  at::Tensor mask;    // [B, 1, H, W], 1 where to paint
  at::Tensor latent;  // the picture
  at::Tensor noise;   // laid over the kept part, so that it is as noisy as the rest
};

Denoiser inpaint(const Denoiser& denoiser, Inpainting keep) {
  return Denoiser(
      [&denoiser, keep = std::move(keep)](const at::Tensor& x, float sigma, bool with_negative) {
        const at::Tensor kept = 1 - keep.mask;
        const at::Tensor noisy = keep.noise * sigma + keep.latent;
        Guess guess = denoiser.guess(x * keep.mask + noisy * kept, sigma, with_negative);
        guess.denoised = guess.denoised * keep.mask + keep.latent * kept;
        return guess;
      });
}

at::Tensor fit_mask(const at::Tensor& mask, const at::Tensor& latent) {
  const at::Tensor fitted = resize(mask, "bilinear", latent.size(3), latent.size(2), false);
  return repeat_to_batch(fitted, latent.size(0));
}

at::Tensor mask_noise(const SampleRequest& request, const at::Tensor& starting) {
  if (request.sampler != "ddim") return starting;
  at::Generator generator = make_generator(request.seed + 1);
  return starting_noise(starting.sizes(), generator);
}

/// Stops a run whose numbers broke down, where that happened rather than as a black picture at the
/// end.
class Watch {
 public:
  Watch(const SampleRequest& request, int steps) : request_(request), steps_(steps) {}

  Denoiser watch(const Denoiser& denoiser) {
    return Denoiser([this, &denoiser](const at::Tensor& x, float sigma, bool with_negative) {
      check(x, std::max(finished_, 1));
      Guess guess = denoiser.guess(x, sigma, with_negative);
      check(guess.denoised, finished_ + 1);
      return guess;
    });
  }
  StepReport watch(const StepReport& report) {
    return [this, &report](int step, int steps, const at::Tensor& denoised) {
      finished_ = step + 1;
      if (report) report(step, steps, denoised);
    };
  }
  void check(const at::Tensor& x, int step) const {
    if (is_finite(x)) return;
    throw std::runtime_error(
        "NaN or infinity at step " + std::to_string(step) + " of " + std::to_string(steps_) +
        " (sampler " + request_.sampler + ", schedule " + request_.schedule +
        "): lower cfg or the strength of LoRAs, or try another sampler; at step 1 the model file "
        "may be damaged, or of another kind than its name says");
  }

 private:
  const SampleRequest& request_;
  int steps_;
  int finished_ = 0;
};

}  // namespace

at::Tensor sample(const SampleRequest& request, const ModelSampling& sampling,
                  const Denoiser& denoiser, const StepReport& report) {
  const at::Tensor latent = fit_channels(request.latent, request.model_channels);
  if (!is_finite(latent)) {
    throw std::runtime_error("the latent to start from holds NaN or infinity");
  }
  const Sigmas sigmas = schedule_range(
      sampler_schedule(request.schedule, request.sampler, sampling, request.steps, request.denoise),
      request.start_step, request.end_step, request.force_full_denoise);
  if (sigmas.empty()) return latent;

  at::Generator generator = make_generator(request.seed);
  const at::Tensor noise = request.add_noise
                               ? starting_noise(latent.sizes(), generator, request.batch_index)
                               : at::zeros_like(latent);
  const at::Tensor scaled = is_zero(latent) ? latent : latent * request.latent_scale;
  Denoiser model = denoiser;
  if (request.noise_mask.defined()) {
    model = inpaint(denoiser,
                    {fit_mask(request.noise_mask, latent), scaled, mask_noise(request, noise)});
  }
  const int steps = int(sigmas.size()) - 1;
  Watch watch(request, steps);
  const at::Tensor x = run_sampler(
      request.sampler, watch.watch(model), sampling.start(scaled, noise, sigmas.front()), sigmas,
      ancestral_noise(latent.sizes(), request.seed), watch.watch(report));
  watch.check(x, steps);
  return x / request.latent_scale;
}

}  // namespace heddle::diffusion
