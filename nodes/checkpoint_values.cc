#include "nodes/checkpoint_values.h"

#include <ATen/ATen.h>

#include <array>
#include <cmath>
#include <stdexcept>

#include "nodes/weights/required_names.h"

namespace heddle {
namespace {

PatchedPart part_of(const weights::Checkpoint& checkpoint, const weights::Part& part) {
  return {.file = checkpoint.file, .part = part, .patches = nullptr};
}

const weights::Part& only_text_of(const weights::Checkpoint& checkpoint) {
  if (checkpoint.text.size() == 1) return checkpoint.text[0];
  throw std::runtime_error(checkpoint.file->name() + " holds " + std::to_string(checkpoint.text.size()) +
                           " text encoders; expected a file with one, CLIP-L or OpenCLIP-G of SDXL");
}

// Of the token vectors; CLIP-L is the narrower one of a pair, whatever the size.
int64_t text_width(const PatchedPart& text) {
  return text.names_and_shapes().at("text_model.embeddings.token_embedding.weight").at(1);
}

// How the network was trained to see noise.
diffusion::ModelSampling sampling_of(const weights::PredictionGuess& guess) {
  using diffusion::Timesteps;
  switch (guess.prediction) {
    case weights::Prediction::kNoise:
      break;
    case weights::Prediction::kV:
      return diffusion::stable_diffusion_sampling(diffusion::Prediction::kV);
    case weights::Prediction::kVZeroTerminal:
      return diffusion::rescale_zero_terminal_snr(diffusion::stable_diffusion_sampling(diffusion::Prediction::kV));
    case weights::Prediction::kEdm:
      return diffusion::continuous_sampling(diffusion::Prediction::kEdm, Timesteps::kLog, guess.sigma_min, guess.sigma_max, 0.5);
    case weights::Prediction::kContinuousV:
      return diffusion::continuous_sampling(diffusion::Prediction::kV, Timesteps::kLog, guess.sigma_min, guess.sigma_max);
  }
  return diffusion::stable_diffusion_sampling(diffusion::Prediction::kEps);
}

// A Tiny AutoEncoder in one file tells it, or could be for SD 1 as well as for SDXL.
double latent_scale_of_tiny(const PatchedPart& vae) {
  const auto source = vae.part.naming.sources.find("vae_scale");
  if (source != vae.part.naming.sources.end()) {
    const at::Tensor scale = weights::read_tensor(*vae.file, source->second, weights::Rounding::kNone);
    const double value = scale.numel() == 1 ? scale.item<double>() : 0;
    if (value > 0 && std::isfinite(value)) return value;
  }
  throw std::runtime_error(vae.file->name() + ": this Tiny AutoEncoder does not say by a positive number \"vae_scale\" which "
                           "latents it is for; put its two halves into vae_approx as taesd_encoder and taesd_decoder (or "
                           "taesdxl_...), and choose taesd (or taesdxl)");
}

}  // namespace

Model model_of(const weights::Checkpoint& checkpoint, weights::Rounding rounding) {
  PatchedPart unet = part_of(checkpoint, *checkpoint.unet);
  unet.rounding = rounding;
  Model model = make_model(std::move(unet), checkpoint.family, sampling_of(checkpoint.prediction));
  if (checkpoint.prediction.prediction == weights::Prediction::kEdm) use_playground_latents(model);
  return model;
}

Clip clip_of(const weights::Checkpoint& checkpoint, const std::string& name) {
  std::vector<PatchedPart> parts;
  for (const weights::Part& part : checkpoint.text) parts.push_back(part_of(checkpoint, part));
  Clip clip = make_clip(std::move(parts), checkpoint.family);
  if (clip.encoders.empty()) clip.missing = name + " holds no text encoder; load one with CLIPLoader";
  return clip;
}

Clip clip_of_pair(const weights::Checkpoint& first, const weights::Checkpoint& second) {
  std::array pair{part_of(first, only_text_of(first)), part_of(second, only_text_of(second))};
  const int64_t widths[] = {text_width(pair[0]), text_width(pair[1])};
  const bool same = pair[0].part.kind == pair[1].part.kind && widths[0] == widths[1];
  if (same) {
    throw std::runtime_error(first.file->name() + " and " + second.file->name() + " are both a " +
                             weights::part_name(pair[0].part.kind) + "; SDXL takes a CLIP-L and an OpenCLIP-G");
  }
  if (widths[0] > widths[1]) std::swap(pair[0], pair[1]);
  pair[0].part = weights::with_kind(std::move(pair[0].part), weights::PartKind::kClipL);
  pair[1].part = weights::with_kind(std::move(pair[1].part), weights::PartKind::kClipG);
  return make_clip({std::move(pair[0]), std::move(pair[1])}, weights::Family::kSdxl);
}

VaeValue vae_of(const weights::Checkpoint& checkpoint, const std::string& name) {
  if (checkpoint.vae) {
    PatchedPart vae = part_of(checkpoint, *checkpoint.vae);
    if (!weights::is_tiny_vae(vae.names_and_shapes())) return make_vae(std::move(vae));
    const double scale = latent_scale_of_tiny(vae);
    return make_tiny_vae(std::move(vae), scale);
  }
  return {.weights = {}, .missing = name + " holds no VAE; load one with VAELoader", .network = nullptr};
}

}  // namespace heddle
