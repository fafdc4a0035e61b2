#include "nodes/diffusion/sample.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <stdexcept>

#include "nodes/diffusion/batch.h"
#include "nodes/diffusion/noise_brownian.h"
#include "nodes/diffusion/sample_mask.h"

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

at::Tensor by_channel(const std::vector<float>& values) {
  return at::tensor(values).reshape({1, -1, 1, 1});
}

/// An empty latent stays empty in every format.
at::Tensor scaled_latent(const at::Tensor& latent, const LatentFormat& format) {
  return is_zero(latent) ? latent : format.to_model(latent);
}

at::Tensor source_noise(const NoiseSource& source, const at::Tensor& latent,
                        const std::vector<int64_t>& batch_index, at::Generator& generator) {
  if (!source.adds) return at::zeros_like(latent);
  return starting_noise(latent.sizes(), generator, batch_index);
}

/// The noise under a mask; some samplers lay another than the starting noise there.
at::Tensor mask_noise(const SampleRequest& request, const at::Tensor& starting) {
  if (!request.sampler.options.mask_noise_apart) return starting;
  at::Generator generator = make_generator(request.noise.seed + 1);
  return starting_noise(starting.sizes(), generator);
}

Inpainting inpainting(const SampleRequest& request, const ModelSampling& sampling,
                      const at::Tensor& scaled, const at::Tensor& noise) {
  const at::Tensor mask = fit_mask(request.noise_mask, scaled);
  Inpainting keep{[mask](float) { return mask; }, scaled, mask_noise(request, noise)};
  if (request.differential) {
    keep.mask = differential_mask(mask, *request.differential, request.sigmas, sampling);
  }
  return keep;
}

/// Streams for a run that started with `generator`'s first draws.
SamplerNoise sampler_noise(const SampleRequest& request, at::IntArrayRef shape,
                           at::Generator generator) {
  float low = request.sigmas.front(), high = low;
  for (const float sigma : request.sigmas) {
    if (sigma > 0) low = std::min(low, sigma);
    high = std::max(high, sigma);
  }
  const uint64_t seed = request.noise.seed;
  return {noise_stream(make_generator(seed)), noise_stream(std::move(generator)),
          [=, shape = shape.vec()](float from, float to) {
            return BrownianPath(shape, seed, low, high).noise(from, to);
          }};
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
        " (sampler " + request_.sampler.name + ", sigma " + std::to_string(request_.sigmas.front()) +
        " to " + std::to_string(request_.sigmas.back()) +
        "): lower cfg or the strength of LoRAs, or try another sampler; at step 1 the model file "
        "may be damaged, or of another kind than its name says");
  }

 private:
  const SampleRequest& request_;
  int steps_;
  int finished_ = 0;
};

}  // namespace

at::Tensor LatentFormat::to_model(const at::Tensor& latent) const {
  if (mean.empty()) return latent * scale;
  return (latent - by_channel(mean)) * scale / by_channel(spread);
}

at::Tensor LatentFormat::to_vae(const at::Tensor& latent) const {
  if (mean.empty()) return latent / scale;
  return latent * by_channel(spread) / scale + by_channel(mean);
}

at::Tensor add_noise(const NoiseSource& source, const at::Tensor& latent,
                     const std::vector<int64_t>& batch_index, float sigma,
                     const LatentFormat& format) {
  at::Generator generator = make_generator(source.seed);
  const at::Tensor noise = source_noise(source, latent, batch_index, generator);
  const at::Tensor noisy = noise * sigma + scaled_latent(latent, format);
  return format.to_vae(noisy).nan_to_num(0, 0, 0);
}

SampleResult sample(const SampleRequest& request, const ModelSampling& sampling,
                    const Denoiser& denoiser, const StepReport& report) {
  const at::Tensor latent = fit_channels(request.latent, request.model_channels);
  if (!is_finite(latent)) {
    throw std::runtime_error("the latent to start from holds NaN or infinity");
  }
  const Sigmas& sigmas = request.sigmas;
  if (sigmas.empty()) return {latent, latent};
  check_levels(request.sampler, sigmas);

  at::Generator generator = make_generator(request.noise.seed);
  const at::Tensor noise = source_noise(request.noise, latent, request.batch_index, generator);
  const at::Tensor scaled = scaled_latent(latent, request.format);
  Denoiser model = denoiser;
  if (request.noise_mask.defined()) {
    model = inpaint(denoiser, inpainting(request, sampling, scaled, noise));
  }
  const int steps = int(sigmas.size()) - 1;
  Watch watch(request, steps);
  at::Tensor denoised;
  const StepReport keep = [&](int step, int count, const at::Tensor& guess) {
    denoised = guess;
    if (report) report(step, count, guess);
  };
  const at::Tensor x = run_sampler(
      request.sampler, watch.watch(model), sampling.start(scaled, noise, sigmas.front()), sigmas,
      sampler_noise(request, latent.sizes(), generator), sampling, watch.watch(keep));
  watch.check(x, steps);
  const at::Tensor result = request.format.to_vae(x);
  return {result, denoised.defined() ? request.format.to_vae(denoised) : result};
}

}  // namespace heddle::diffusion
