#include "nodes/diffusion/samplers.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "nodes/diffusion/fp32.h"
#include "nodes/diffusion/sampler_run.h"

namespace heddle::diffusion {
namespace {

/// Which lists of levels a sampler can walk.
enum class Walks {
  kAnyWay,      // up too, and the same level twice
  kUpOrDown,    // no level twice in a row
  kOneWay,      // and no turning back
  kDownOrStay,  // never up
  kDown,
};

struct Method {
  const char* name;
  at::Tensor (*run)(const SamplerRun& run, at::Tensor x);
  Walks walks = Walks::kAnyWay;
  SamplerOptions options;
};

// DDIM without noise is Euler in these variables (Song et al. 2021, section 4.3); the two differ
// only in the noise that sample() lays under a mask. Names with _gpu differ in where ComfyUI draws
// their noise; here it is drawn in one place.
const std::vector<Method>& methods() {
  using enum Walks;
  static const std::vector<Method> all{
      {"euler", euler, kAnyWay, {}},
      {"euler_cfg_pp", euler_cfg_pp, kAnyWay, {.eta = 0}},
      {"euler_ancestral", euler_ancestral, kDownOrStay, {}},
      {"euler_ancestral_cfg_pp", euler_cfg_pp, kDownOrStay, {}},
      {"heun", heun, kAnyWay, {}},
      {"heunpp2", heunpp2, kAnyWay, {}},
      {"dpm_2", dpm_2, kAnyWay, {}},
      {"dpm_2_ancestral", dpm_2_ancestral, kDownOrStay, {}},
      {"lms", lms, kOneWay, {}},
      {"dpm_fast", dpm_fast, kAnyWay, {}},
      {"dpm_adaptive", dpm_adaptive, kAnyWay, {.eta = 0, .order = 3}},
      {"dpmpp_2s_ancestral", dpmpp_2s_ancestral, kDownOrStay, {}},
      {"dpmpp_2s_ancestral_cfg_pp", dpmpp_2s_ancestral_cfg_pp, kDownOrStay, {}},
      {"dpmpp_sde", dpmpp_sde, kDown, {}},
      {"dpmpp_sde_gpu", dpmpp_sde, kDown, {}},
      {"dpmpp_2m", dpmpp_2m, kUpOrDown, {}},
      {"dpmpp_2m_cfg_pp", dpmpp_2m_cfg_pp, kUpOrDown, {}},
      {"dpmpp_2m_sde", dpmpp_2m_sde, kDown, {}},
      {"dpmpp_2m_sde_gpu", dpmpp_2m_sde, kDown, {}},
      {"dpmpp_2m_sde_heun", dpmpp_2m_sde, kDown, {.heun = true}},
      {"dpmpp_2m_sde_heun_gpu", dpmpp_2m_sde, kDown, {.heun = true}},
      {"dpmpp_3m_sde", dpmpp_3m_sde, kDown, {}},
      {"dpmpp_3m_sde_gpu", dpmpp_3m_sde, kDown, {}},
      {"ddpm", ddpm, kDownOrStay, {}},
      {"lcm", lcm, kAnyWay, {}},
      {"ipndm", ipndm, kAnyWay, {}},
      {"ipndm_v", ipndm_v, kOneWay, {}},
      {"deis", deis, kOneWay, {.order = 3}},
      {"res_multistep", res_multistep, kUpOrDown, {.eta = 0}},
      {"res_multistep_cfg_pp", res_multistep_cfg_pp, kUpOrDown, {.eta = 0}},
      {"res_multistep_ancestral", res_multistep, kDown, {}},
      {"res_multistep_ancestral_cfg_pp", res_multistep_cfg_pp, kDown, {}},
      {"gradient_estimation", gradient_estimation, kAnyWay, {}},
      {"gradient_estimation_cfg_pp", gradient_estimation_cfg_pp, kAnyWay, {}},
      {"er_sde", er_sde, kDown, {.order = 3}},
      {"seeds_2", seeds_2, kDown, {}},
      {"seeds_3", seeds_3, kDown, {}},
      {"sa_solver", sa_solver, kDown, {}},
      {"sa_solver_pece", sa_solver, kDown, {.sa = {.evaluates_again = true}}},
      {"ddim", euler, kAnyWay, {.mask_noise_apart = true}},
      {"uni_pc", uni_pc, kOneWay, {}},
      {"uni_pc_bh2", uni_pc, kOneWay, {.bh2 = true}},
  };
  return all;
}

/// Those that only nodes make.
const std::vector<Method>& node_methods() {
  static const std::vector<Method> all{
      {"euler_cfg_pp_alternative", euler_cfg_pp_alternative, Walks::kAnyWay, {}},
      {"lcm_upscale", lcm_upscale, Walks::kAnyWay, {}},
  };
  return all;
}

const Method& method_named(std::string_view name) {
  for (const auto* list : {&methods(), &node_methods()}) {
    for (const Method& method : *list) {
      if (name == method.name) return method;
    }
  }
  throw std::invalid_argument("unknown sampler \"" + std::string(name) + "\"");
}

std::string level_text(const Sigmas& sigmas, size_t i) {
  return "sigma " + std::to_string(i + 1) + " of " + std::to_string(sigmas.size()) + " (" +
         std::to_string(sigmas[i]) + ")";
}

[[noreturn]] void wrong_level(const Sampler& sampler, const Sigmas& sigmas, size_t i,
                              const std::string& why) {
  throw std::runtime_error("sampler " + sampler.name + " cannot walk these noise levels: " +
                           level_text(sigmas, i) + " " + why);
}

}  // namespace

const std::vector<std::string>& sampler_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Method& method : methods()) all.emplace_back(method.name);
    return all;
  }();
  return names;
}

Sampler sampler_named(std::string_view name) {
  const Method& method = method_named(name);
  return {method.name, method.options};
}

void check_levels(const Sampler& sampler, const Sigmas& sigmas) {
  const Walks walks = method_named(sampler.name).walks;
  const bool may_rise = walks == Walks::kAnyWay || walks == Walks::kUpOrDown || walks == Walks::kOneWay;
  const bool may_stay = walks == Walks::kAnyWay || walks == Walks::kDownOrStay;
  for (size_t i = 0; i < sigmas.size(); ++i) {
    const auto wrong = [&](const std::string& why) { wrong_level(sampler, sigmas, i, why); };
    if (!std::isfinite(sigmas[i])) wrong("is not a number: use more steps, or another schedule");
    if (sigmas[i] < 0) wrong("is below 0");
    if (sigmas[i] == 0 && i + 1 < sigmas.size()) wrong("is 0, which only the last may be");
    if (i == 0) continue;
    if (sigmas[i] > sigmas[i - 1] && !may_rise) {
      wrong("is above the one before: sort them, or take a sampler without added noise");
    }
    if (sigmas[i] == sigmas[i - 1] && !may_stay) {
      wrong("is the same as the one before: use fewer steps, or another schedule");
    }
    const bool turns = (sigmas[i] > sigmas[i - 1]) != (sigmas[1] > sigmas[0]);
    if (walks == Walks::kOneWay && turns) {
      wrong("turns back: sort them, or take a sampler of single steps, such as euler");
    }
  }
}

at::Tensor run_sampler(const Sampler& sampler, const Denoiser& model, at::Tensor x,
                       const Sigmas& sigmas, const SamplerNoise& noise,
                       const ModelSampling& sampling, const StepReport& report) {
  return method_named(sampler.name)
      .run({model, sigmas, sampler.options, noise, sampling, report}, std::move(x));
}

at::Tensor SamplerRun::fresh(const at::Tensor& x, float scale) const {
  return noise.ancestral(x) * float(options.s_noise) * scale;
}

at::Tensor SamplerRun::between(float from, float to, float scale) const {
  return noise.between(from, to) * float(options.s_noise) * scale;
}

at::Tensor slope(const at::Tensor& x, const at::Tensor& denoised, float sigma) {
  return (x - denoised) / sigma;
}

// In fp32, as k-diffusion has it: the levels decide which timesteps the network is asked for.
AncestralStep ancestral_step(float from, float to, double eta) {
  if (eta == 0) return {to, 0};
  const float variance = to * to * (from * from - to * to) / (from * from);
  const float up = std::min(to, float(eta) * fp32::sqrt(variance));
  return {fp32::sqrt(to * to - up * up), up};
}

Churned churn(const SamplerRun& run, const at::Tensor& x, int step, bool always) {
  const Churn& churn = run.options.churn;
  const float sigma = run.level(step);
  const bool here = churn.amount > 0 && churn.lowest <= sigma && sigma <= churn.highest;
  if (!here && !always) return {x, sigma};
  const at::Tensor noise = run.noise.further(x);
  if (!here) return {x, sigma};
  const double gamma = std::min(churn.amount / run.steps(), std::sqrt(2.0) - 1);
  const float raised = sigma * float(gamma + 1);
  const float added = fp32::sqrt(raised * raised - sigma * sigma);
  return {x + noise * float(run.options.s_noise) * added, raised};
}

float log_time(float sigma) { return -fp32::log(sigma); }
float level_at(float time) { return fp32::exp(-time); }

}  // namespace heddle::diffusion
