#include "nodes/diffusion/samplers.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "nodes/diffusion/fp32.h"
#include "nodes/diffusion/sampler_run.h"

namespace heddle::diffusion {
namespace {

struct Sampler {
  const char* name;
  at::Tensor (*run)(const SamplerRun& run, at::Tensor x);
};

// DDIM without noise is Euler in these variables (Song et al. 2021, section 4.3); the two differ
// only in the noise that sample() lays under a mask.
constexpr std::array kSamplers{
    Sampler{"euler", euler},
    Sampler{"euler_ancestral", euler_ancestral},
    Sampler{"dpmpp_2m", dpmpp_2m},
    Sampler{"ddim", euler},
};

}  // namespace

const std::vector<std::string>& sampler_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Sampler& sampler : kSamplers) all.emplace_back(sampler.name);
    return all;
  }();
  return names;
}

at::Tensor run_sampler(std::string_view name, const Denoiser& model, at::Tensor x,
                       const Sigmas& sigmas, const DrawNoise& noise, const StepReport& report) {
  for (const Sampler& sampler : kSamplers) {
    if (name == sampler.name) return sampler.run({model, sigmas, noise, report}, std::move(x));
  }
  throw std::invalid_argument("unknown sampler \"" + std::string(name) + "\"");
}

at::Tensor slope(const at::Tensor& x, const at::Tensor& denoised, float sigma) {
  return (x - denoised) / sigma;
}

AncestralStep ancestral_step(float from, float to) {
  const float variance = to * to * (from * from - to * to) / (from * from);
  const float up = std::min(to, fp32::sqrt(variance));
  return {fp32::sqrt(to * to - up * up), up};
}

}  // namespace heddle::diffusion
