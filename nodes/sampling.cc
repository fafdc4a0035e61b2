// Samplers as nodes.
#include <ATen/ATen.h>

#include "engine/image_file.h"
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/diffusion/guidance.h"
#include "nodes/diffusion/latent_preview.h"
#include "nodes/diffusion/sample.h"
#include "nodes/families.h"
#include "nodes/guider.h"
#include "nodes/heartbeat.h"
#include "nodes/sampling.h"

namespace heddle {
namespace {

using diffusion::Conditioning;
using diffusion::SampleRequest;
using diffusion::Sigmas;

Picture preview_picture(const at::Tensor& denoised, weights::Family family) {
  using diffusion::LatentKind;
  const LatentKind kind = weights::is_xl(family) ? LatentKind::kStableDiffusionXl : LatentKind::kStableDiffusion;
  const at::Tensor rgb = diffusion::preview_rgb(denoised, kind).contiguous();
  Picture picture{.width = int(rgb.size(1)), .height = int(rgb.size(0))};
  picture.pixels.assign(rgb.data_ptr<uint8_t>(), rgb.data_ptr<uint8_t>() + rgb.numel());
  return picture;
}

}  // namespace

Sampled sample_latent(const Guider& guider, const Latent& latent, const SamplingPlan& plan, RunContext& context) {
  const diffusion::Heartbeat heartbeat = heartbeat_of(context);
  const Model& model = guider.model;
  const auto unet = model.network->get(heartbeat);
  const SampleRequest request{.sampler = plan.sampler,
                              .sigmas = plan.sigmas,
                              .noise = plan.noise,
                              .format = latent_format(model),
                              .model_channels = int(unet->layout().out_channels),
                              .latent = latent.samples,
                              .noise_mask = latent.noise_mask,
                              .batch_index = latent.batch_index,
                              .differential = model.differential};
  const auto report = [&](int step, int steps, const at::Tensor& denoised) {
    const Picture preview = preview_picture(denoised, model.family);
    context.progress(step + 1, steps, &preview);
  };
  Guider scheduled = guider;
  scheduled.guidance.schedule = plan.whole.empty() ? plan.sigmas : plan.whole;
  const auto denoiser = open_guider(scheduled, latent, heartbeat);
  const diffusion::SampleResult result = diffusion::sample(request, model.sampling, denoiser, report);
  Sampled sampled{latent, latent};
  sampled.output.samples = result.latent;
  sampled.denoised.samples = result.denoised;
  return sampled;
}

diffusion::LatentFormat latent_format(const Model& model) {
  return {model.latent_scale, model.latent_mean, model.latent_spread};
}

namespace {

struct KSampler final : Node {
  static constexpr NodeInfo kInfo{.name = "KSampler",
                                  .category = "sampling",
                                  .help = "Denoises a latent along a noise schedule, steered by two prompts."};
  In<Model> model{this, "model", "Predicts noise, with any LoRAs already applied."};
  In<Seed> seed{this, "seed", "Same seed, same picture."};
  In<int64_t> steps{this, "steps", "Denoising steps.", 20, between(1, 10000)};
  In<double> cfg{this, "cfg", "Guidance: how closely to follow the prompts; 1 ignores the negative one.", 8.0,
                 between(0.0, 100.0), step(0.1)};
  In<Choice> sampler_name{this, "sampler_name", "How each step is taken.", one_of(diffusion::sampler_names())};
  In<Choice> scheduler{this, "scheduler", "How the noise levels are spaced.", one_of(diffusion::schedule_names())};
  In<Conditioning> positive{this, "positive", "What the picture should show."};
  In<Conditioning> negative{this, "negative", "What it should avoid."};
  In<Latent> latent_image{this, "latent_image", "Where to start; empty for text to image."};
  In<double> denoise{this, "denoise", "Share of the schedule to run; below 1 keeps some of the start.", 1.0,
                     between(0.0, 1.0), step(0.01)};
  Out<Latent> latent{this, "LATENT", "The denoised latent."};

  void run(RunContext& context) override {
    const Sigmas sigmas = diffusion::sampler_schedule(scheduler->value, sampler_name->value, model->sampling,
                                                      int(*steps), denoise);
    const SamplingPlan plan{diffusion::sampler_named(sampler_name->value), sigmas, {.seed = seed->value}};
    latent = sample_latent({*model, guidance_of(*positive, *negative, cfg)}, *latent_image, plan, context).output;
  }
};

struct KSamplerAdvanced final : Node {
  static constexpr NodeInfo kInfo{.name = "KSamplerAdvanced",
                                  .category = "sampling",
                                  .help = "KSampler over part of the steps, for samplers that follow one another.",
                                  .display_name = "KSampler (Advanced)"};
  In<Model> model{this, "model", "Predicts noise, with any LoRAs already applied."};
  In<Choice> add_noise{this, "add_noise", "Disable to go on with the noise that is there.",
                       one_of({"enable", "disable"})};
  In<Seed> noise_seed{this, "noise_seed", "Same seed, same picture."};
  In<int64_t> steps{this, "steps", "Steps of the whole schedule.", 20, between(1, 10000)};
  In<double> cfg{this, "cfg", "Guidance: how closely to follow the prompts; 1 ignores the negative one.", 8.0,
                 between(0.0, 100.0), step(0.1)};
  In<Choice> sampler_name{this, "sampler_name", "How each step is taken.", one_of(diffusion::sampler_names())};
  In<Choice> scheduler{this, "scheduler", "How the noise levels are spaced.", one_of(diffusion::schedule_names())};
  In<Conditioning> positive{this, "positive", "What the picture should show."};
  In<Conditioning> negative{this, "negative", "What it should avoid."};
  In<Latent> latent_image{this, "latent_image", "Where to start."};
  In<int64_t> start_at_step{this, "start_at_step", "First step to run.", 0, between(0, 10000)};
  In<int64_t> end_at_step{this, "end_at_step", "Step to stop before.", 10000, between(0, 10000)};
  In<Choice> return_with_leftover_noise{this, "return_with_leftover_noise",
                                        "Enable to keep the noise of the steps not run.",
                                        one_of({"disable", "enable"})};
  Out<Latent> latent{this, "LATENT", "The denoised latent."};

  void run(RunContext& context) override {
    const Sigmas whole =
        diffusion::sampler_schedule(scheduler->value, sampler_name->value, model->sampling, int(*steps), 1);
    const Sigmas sigmas = diffusion::schedule_range(whole, int(*start_at_step), int(*end_at_step),
                                                    *return_with_leftover_noise == "disable");
    const SamplingPlan plan{diffusion::sampler_named(sampler_name->value),
                            sigmas,
                            {.seed = noise_seed->value, .adds = *add_noise == "enable"},
                            whole};
    latent = sample_latent({*model, guidance_of(*positive, *negative, cfg)}, *latent_image, plan, context).output;
  }
};

}  // namespace

void register_sampling_nodes(Registry& registry) {
  registry.add<KSampler>();
  registry.add<KSamplerAdvanced>();
}

}  // namespace heddle
