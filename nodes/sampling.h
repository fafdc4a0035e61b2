// What sampling nodes share: the values SAMPLER, SIGMAS and NOISE, and one run of them over a latent.
#pragma once

#include "engine/run_context.h"
#include "nodes/diffusion/sample.h"
#include "nodes/guider.h"
#include "nodes/values.h"

namespace heddle {

/// How to walk, along which levels, from what noise.
struct SamplingPlan {
  diffusion::Sampler sampler;
  diffusion::Sigmas sigmas;
  diffusion::NoiseSource noise;
  diffusion::Sigmas whole;  // the schedule of which `sigmas` are a part; empty: they are all of it
};

/// The result, and the model's last guess at it.
struct Sampled {
  Latent output, denoised;
};

/// Samples, with previews. Mask and batch indices of `latent` stay with the results. Throws what open_guider and
/// diffusion::sample throw.
Sampled sample_latent(const Guider& guider, const Latent& latent, const SamplingPlan& plan, RunContext& context);

diffusion::LatentFormat latent_format(const Model& model);

template <>
struct SocketType<diffusion::Sampler> {
  static constexpr std::string_view kName = "SAMPLER";
  static size_t bytes(const diffusion::Sampler&) { return sizeof(diffusion::Sampler); }
};
template <>
struct SocketType<diffusion::Sigmas> {
  static constexpr std::string_view kName = "SIGMAS";
  static size_t bytes(const diffusion::Sigmas& sigmas) { return sigmas.size() * sizeof(float); }
};
template <>
struct SocketType<diffusion::NoiseSource> {
  static constexpr std::string_view kName = "NOISE";
  static size_t bytes(const diffusion::NoiseSource&) { return sizeof(diffusion::NoiseSource); }
};

}  // namespace heddle
