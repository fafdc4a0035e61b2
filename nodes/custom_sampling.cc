// Sampling put together from parts: noise, guider, sampler and noise levels.
#include <ATen/ATen.h>

#include <cmath>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/sampling.h"

namespace heddle {
namespace {

using diffusion::Conditioning;
using diffusion::NoiseSource;
using diffusion::Sampler;
using diffusion::Sigmas;

struct SamplerCustom final : Node {
  static constexpr NodeInfo kInfo{.name = "SamplerCustom",
                                  .category = "sampling/custom_sampling",
                                  .help = "Denoises a latent with a sampler and noise levels made by other nodes."};
  In<Model> model{this, "model", "Predicts noise, with any LoRAs already applied."};
  In<bool> add_noise{this, "add_noise", "Off to go on with the noise that is there.", true};
  In<Seed> noise_seed{this, "noise_seed", "Same seed, same picture."};
  In<double> cfg{this, "cfg", "Guidance: how closely to follow the prompts; 1 ignores the negative one.", 8.0,
                 between(0.0, 100.0), step(0.1)};
  In<Conditioning> positive{this, "positive", "What the picture should show."};
  In<Conditioning> negative{this, "negative", "What it should avoid."};
  In<Sampler> sampler{this, "sampler", "How each step is taken."};
  In<Sigmas> sigmas{this, "sigmas", "Noise levels to walk along."};
  In<Latent> latent_image{this, "latent_image", "Where to start; empty for text to image."};
  Out<Latent> output{this, "output", "The latent at the last level."};
  Out<Latent> denoised_output{this, "denoised_output", "The model's last guess at the finished latent."};

  void run(RunContext& context) override {
    const SamplingPlan plan{*sampler, *sigmas, {.seed = noise_seed->value, .adds = *add_noise}};
    const Guider guider{*model, guidance_of(*positive, *negative, cfg)};
    Sampled sampled = sample_latent(guider, *latent_image, plan, context);
    output = std::move(sampled.output);
    denoised_output = std::move(sampled.denoised);
  }
};

struct SamplerCustomAdvanced final : Node {
  static constexpr NodeInfo kInfo{.name = "SamplerCustomAdvanced",
                                  .category = "sampling/custom_sampling",
                                  .help = "Denoises a latent; every part of the process comes from another node."};
  In<NoiseSource> noise{this, "noise", "What to start from."};
  In<Guider> guider{this, "guider", "The model and what steers it."};
  In<Sampler> sampler{this, "sampler", "How each step is taken."};
  In<Sigmas> sigmas{this, "sigmas", "Noise levels to walk along."};
  In<Latent> latent_image{this, "latent_image", "Where to start; empty for text to image."};
  Out<Latent> output{this, "output", "The latent at the last level."};
  Out<Latent> denoised_output{this, "denoised_output", "The model's last guess at the finished latent."};

  void run(RunContext& context) override {
    Sampled sampled = sample_latent(*guider, *latent_image, {*sampler, *sigmas, *noise}, context);
    output = std::move(sampled.output);
    denoised_output = std::move(sampled.denoised);
  }
};

struct BasicGuider final : Node {
  static constexpr NodeInfo kInfo{.name = "BasicGuider",
                                  .category = "sampling/custom_sampling/guiders",
                                  .help = "Steers a model by one prompt alone."};
  In<Model> model{this, "model", "The model to steer."};
  In<Conditioning> conditioning{this, "conditioning", "What the picture should show."};
  Out<Guider> guider{this, "GUIDER"};

  void run(RunContext&) override { guider = Guider{*model, guidance_of(*conditioning, {}, 1)}; }
};

struct CFGGuider final : Node {
  static constexpr NodeInfo kInfo{.name = "CFGGuider",
                                  .category = "sampling/custom_sampling/guiders",
                                  .help = "Steers a model towards one prompt and away from another."};
  In<Model> model{this, "model", "The model to steer."};
  In<Conditioning> positive{this, "positive", "What the picture should show."};
  In<Conditioning> negative{this, "negative", "What it should avoid."};
  In<double> cfg{this, "cfg", "How closely to follow the prompts; 1 ignores the negative one.", 8.0,
                 between(0.0, 100.0), step(0.1)};
  Out<Guider> guider{this, "GUIDER"};

  void run(RunContext&) override { guider = Guider{*model, guidance_of(*positive, *negative, cfg)}; }
};

struct RandomNoise final : Node {
  static constexpr NodeInfo kInfo{.name = "RandomNoise",
                                  .category = "sampling/custom_sampling/noise",
                                  .help = "Noise of a seed, to start sampling from."};
  In<Seed> noise_seed{this, "noise_seed", "Same seed, same noise."};
  Out<NoiseSource> noise{this, "NOISE"};

  void run(RunContext&) override { noise = NoiseSource{.seed = noise_seed->value}; }
};

struct DisableNoise final : Node {
  static constexpr NodeInfo kInfo{.name = "DisableNoise",
                                  .category = "sampling/custom_sampling/noise",
                                  .help = "No noise: sampling starts from the latent as it is."};
  Out<NoiseSource> noise{this, "NOISE"};

  void run(RunContext&) override { noise = NoiseSource{.adds = false}; }
};

struct AddNoise final : Node {
  static constexpr NodeInfo kInfo{.name = "AddNoise",
                                  .category = "_for_testing/custom_sampling/noise",
                                  .help = "Lays as much noise over a latent as lies between the first and last level."};
  In<Model> model{this, "model", "Whose scale of latents counts."};
  In<NoiseSource> noise{this, "noise", "The noise."};
  In<Sigmas> sigmas{this, "sigmas", "Levels; with a single one, the noise is of that level."};
  In<Latent> latent_image{this, "latent_image", "What to lay it over."};
  Out<Latent> latent{this, "LATENT", "The noisy latent."};

  void run(RunContext&) override {
    Latent noisy = *latent_image;
    if (!sigmas->empty()) {
      const float level = sigmas->size() > 1 ? std::abs(sigmas->front() - sigmas->back()) : sigmas->front();
      noisy.samples = diffusion::add_noise(*noise, noisy.samples, noisy.batch_index, level, latent_format(*model));
    }
    latent = std::move(noisy);
  }
};

}  // namespace

void register_custom_sampling_nodes(Registry& registry) {
  registry.add<SamplerCustom>();
  registry.add<SamplerCustomAdvanced>();
  registry.add<BasicGuider>();
  registry.add<CFGGuider>();
  registry.add<RandomNoise>();
  registry.add<DisableNoise>();
  registry.add<AddNoise>();
}

}  // namespace heddle
