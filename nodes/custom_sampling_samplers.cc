// Samplers as values: one by name, or one with other settings.
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/sampling.h"

namespace heddle {
namespace {

using diffusion::Sampler;

constexpr const char* kSamplers = "sampling/custom_sampling/samplers";
constexpr const char* kEtaHelp = "Share of fresh noise in each step: 0 none, 1 as much as the theory has.";
constexpr const char* kNoiseHelp = "Factor on fresh noise.";
constexpr const char* kDeviceHelp = "Where the noise would be drawn; it is the same here for both.";

/// The sampler of that name, its noise as given.
Sampler noisy_sampler(const std::string& name, double eta, double s_noise) {
  Sampler sampler = diffusion::sampler_named(name);
  sampler.options.eta = eta;
  sampler.options.s_noise = s_noise;
  return sampler;
}

std::string on_device(const std::string& name, const Choice& device) { return device == "gpu" ? name + "_gpu" : name; }

struct KSamplerSelect final : Node {
  static constexpr NodeInfo kInfo{.name = "KSamplerSelect", .category = kSamplers, .help = "A sampler by its name."};
  In<Choice> sampler_name{this, "sampler_name", "How each step is taken.", one_of(diffusion::sampler_names())};
  Out<Sampler> sampler{this, "SAMPLER"};

  void run(RunContext&) override { sampler = diffusion::sampler_named(sampler_name->value); }
};

struct SamplerEulerAncestral final : Node {
  static constexpr NodeInfo kInfo{.name = "SamplerEulerAncestral",
                                  .category = kSamplers,
                                  .help = "Euler's method with fresh noise in each step."};
  In<double> eta{this, "eta", kEtaHelp, 1.0, between(0.0, 100.0), step(0.01)};
  In<double> s_noise{this, "s_noise", kNoiseHelp, 1.0, between(0.0, 100.0), step(0.01)};
  Out<Sampler> sampler{this, "SAMPLER"};

  void run(RunContext&) override { sampler = noisy_sampler("euler_ancestral", eta, s_noise); }
};

struct SamplerEulerAncestralCFGPP final : Node {
  static constexpr NodeInfo kInfo{.name = "SamplerEulerAncestralCFGPP",
                                  .category = kSamplers,
                                  .help = "Euler's method with fresh noise, put back along the negative guess (CFG++).",
                                  .display_name = "SamplerEulerAncestralCFG++"};
  In<double> eta{this, "eta", kEtaHelp, 1.0, between(0.0, 1.0), step(0.01)};
  In<double> s_noise{this, "s_noise", kNoiseHelp, 1.0, between(0.0, 10.0), step(0.01)};
  Out<Sampler> sampler{this, "SAMPLER"};

  void run(RunContext&) override { sampler = noisy_sampler("euler_ancestral_cfg_pp", eta, s_noise); }
};

struct SamplerEulerCFGpp final : Node {
  static constexpr NodeInfo kInfo{.name = "SamplerEulerCFGpp",
                                  .category = "_for_testing",
                                  .help = "Euler's method along the negative guess (CFG++).",
                                  .display_name = "SamplerEulerCFG++"};
  In<Choice> version{this, "version", "The published method, or one that stays closer to plain Euler.",
                     one_of({"regular", "alternative"})};
  Out<Sampler> sampler{this, "SAMPLER"};

  void run(RunContext&) override {
    sampler = diffusion::sampler_named(*version == "regular" ? "euler_cfg_pp" : "euler_cfg_pp_alternative");
  }
};

struct SamplerLMS final : Node {
  static constexpr NodeInfo kInfo{
      .name = "SamplerLMS", .category = kSamplers, .help = "A linear multistep method: fits the slopes of several steps."};
  In<int64_t> order{this, "order", "How many steps it looks back at most.", 4, between(1, 100)};
  Out<Sampler> sampler{this, "SAMPLER"};

  void run(RunContext&) override {
    Sampler lms = diffusion::sampler_named("lms");
    lms.options.order = int(*order);
    sampler = std::move(lms);
  }
};

struct SamplerDPMPP_3M_SDE final : Node {
  static constexpr NodeInfo kInfo{.name = "SamplerDPMPP_3M_SDE",
                                  .category = kSamplers,
                                  .help = "DPM-Solver++ with noise, looking back two steps."};
  In<double> eta{this, "eta", kEtaHelp, 1.0, between(0.0, 100.0), step(0.01)};
  In<double> s_noise{this, "s_noise", kNoiseHelp, 1.0, between(0.0, 100.0), step(0.01)};
  In<Choice> noise_device{this, "noise_device", kDeviceHelp, one_of({"gpu", "cpu"})};
  Out<Sampler> sampler{this, "SAMPLER"};

  void run(RunContext&) override { sampler = noisy_sampler(on_device("dpmpp_3m_sde", *noise_device), eta, s_noise); }
};

struct SamplerDPMPP_2M_SDE final : Node {
  static constexpr NodeInfo kInfo{.name = "SamplerDPMPP_2M_SDE",
                                  .category = kSamplers,
                                  .help = "DPM-Solver++ with noise, looking back one step."};
  In<Choice> solver_type{this, "solver_type", "How the change since the last step counts.",
                         one_of({"midpoint", "heun"})};
  In<double> eta{this, "eta", kEtaHelp, 1.0, between(0.0, 100.0), step(0.01)};
  In<double> s_noise{this, "s_noise", kNoiseHelp, 1.0, between(0.0, 100.0), step(0.01)};
  In<Choice> noise_device{this, "noise_device", kDeviceHelp, one_of({"gpu", "cpu"})};
  Out<Sampler> sampler{this, "SAMPLER"};

  void run(RunContext&) override {
    const char* name = *solver_type == "heun" ? "dpmpp_2m_sde_heun" : "dpmpp_2m_sde";
    sampler = noisy_sampler(on_device(name, *noise_device), eta, s_noise);
  }
};

struct SamplerDPMPP_SDE final : Node {
  static constexpr NodeInfo kInfo{.name = "SamplerDPMPP_SDE",
                                  .category = kSamplers,
                                  .help = "DPM-Solver++ with noise and two model calls a step."};
  In<double> eta{this, "eta", kEtaHelp, 1.0, between(0.0, 100.0), step(0.01)};
  In<double> s_noise{this, "s_noise", kNoiseHelp, 1.0, between(0.0, 100.0), step(0.01)};
  In<double> r{this, "r", "Where in the step the second call is made; above 0.", 0.5, between(0.0, 100.0), step(0.01)};
  In<Choice> noise_device{this, "noise_device", kDeviceHelp, one_of({"gpu", "cpu"})};
  Out<Sampler> sampler{this, "SAMPLER"};

  void run(RunContext&) override {
    Sampler sde = noisy_sampler(on_device("dpmpp_sde", *noise_device), eta, s_noise);
    sde.options.r = r;
    sampler = std::move(sde);
  }
};

struct SamplerDPMPP_2S_Ancestral final : Node {
  static constexpr NodeInfo kInfo{.name = "SamplerDPMPP_2S_Ancestral",
                                  .category = kSamplers,
                                  .help = "DPM-Solver++ with two model calls and fresh noise in each step."};
  In<double> eta{this, "eta", kEtaHelp, 1.0, between(0.0, 100.0), step(0.01)};
  In<double> s_noise{this, "s_noise", kNoiseHelp, 1.0, between(0.0, 100.0), step(0.01)};
  Out<Sampler> sampler{this, "SAMPLER"};

  void run(RunContext&) override { sampler = noisy_sampler("dpmpp_2s_ancestral", eta, s_noise); }
};

struct SamplerDPMAdaptative final : Node {
  static constexpr NodeInfo kInfo{.name = "SamplerDPMAdaptative",
                                  .category = kSamplers,
                                  .help = "DPM-Solver that chooses its own steps by the error that it makes."};
  In<int64_t> order{this, "order", "Of the method: model calls in each step.", 3, between(2, 3)};
  In<double> rtol{this, "rtol", "Error to accept, as a share of the latent.", 0.05, between(0.0, 100.0), step(0.01)};
  In<double> atol{this, "atol", "Error to accept at all.", 0.0078, between(0.0, 100.0), step(0.01)};
  In<double> h_init{this, "h_init", "Length of the first step in log sigma.", 0.05, between(0.0, 100.0), step(0.01)};
  In<double> pcoeff{this, "pcoeff", "How the last error counts for the next step's length.", 0.0, between(0.0, 100.0),
                    step(0.01)};
  In<double> icoeff{this, "icoeff", "How the sum of errors counts.", 1.0, between(0.0, 100.0), step(0.01)};
  In<double> dcoeff{this, "dcoeff", "How the change of errors counts.", 0.0, between(0.0, 100.0), step(0.01)};
  In<double> accept_safety{this, "accept_safety", "A step counts unless the next would have to shrink below this factor.",
                           0.81, between(0.0, 100.0), step(0.01)};
  In<double> eta{this, "eta", kEtaHelp, 0.0, between(0.0, 100.0), step(0.01)};
  In<double> s_noise{this, "s_noise", kNoiseHelp, 1.0, between(0.0, 100.0), step(0.01)};
  Out<Sampler> sampler{this, "SAMPLER"};

  void run(RunContext&) override {
    Sampler adaptive = noisy_sampler("dpm_adaptive", eta, s_noise);
    adaptive.options.order = int(*order);
    adaptive.options.control = {.relative = rtol,
                                .absolute = atol,
                                .first_step = h_init,
                                .proportional = pcoeff,
                                .integral = icoeff,
                                .derivative = dcoeff,
                                .least_factor = accept_safety};
    sampler = std::move(adaptive);
  }
};

struct SamplerER_SDE final : Node {
  static constexpr NodeInfo kInfo{
      .name = "SamplerER_SDE", .category = kSamplers, .help = "Solves the extended reverse-time SDE."};
  In<Choice> solver_type{this, "solver_type", "Which equation: ODE adds no noise, ER-SDE ignores eta.",
                         one_of({"ER-SDE", "Reverse-time SDE", "ODE"})};
  In<int64_t> max_stage{this, "max_stage", "How many steps' guesses are used at most.", 3, between(1, 3)};
  In<double> eta{this, "eta", kEtaHelp, 1.0, between(0.0, 100.0), step(0.01)};
  In<double> s_noise{this, "s_noise", kNoiseHelp, 1.0, between(0.0, 100.0), step(0.01)};
  Out<Sampler> sampler{this, "SAMPLER"};

  void run(RunContext&) override {
    const bool extended = *solver_type == "ER-SDE";
    const bool noiseless = *solver_type == "ODE" || (!extended && *eta == 0);
    Sampler er_sde = noiseless ? noisy_sampler("er_sde", 0, 0) : noisy_sampler("er_sde", eta, s_noise);
    er_sde.options.order = int(*max_stage);
    if (!extended) er_sde.options.growth = diffusion::NoiseGrowth::kReverseTime;
    sampler = std::move(er_sde);
  }
};

struct SamplerSASolver final : Node {
  static constexpr NodeInfo kInfo{.name = "SamplerSASolver",
                                  .category = kSamplers,
                                  .help = "A stochastic Adams method: predicts and corrects over several steps."};
  In<Model> model{this, "model", "By whose schedule the percentages count."};
  In<double> eta{this, "eta", kEtaHelp, 1.0, between(0.0, 10.0), step(0.01)};
  In<double> sde_start_percent{this, "sde_start_percent", "Where in the schedule noise begins.", 0.2, between(0.0, 1.0),
                               step(0.001)};
  In<double> sde_end_percent{this, "sde_end_percent", "Where it ends.", 0.8, between(0.0, 1.0), step(0.001)};
  In<double> s_noise{this, "s_noise", kNoiseHelp, 1.0, between(0.0, 100.0), step(0.01)};
  In<int64_t> predictor_order{this, "predictor_order", "How many guesses a prediction uses at most.", 3, between(1, 6)};
  In<int64_t> corrector_order{this, "corrector_order", "How many a correction uses; 0: no correction.", 4, between(0, 6)};
  In<bool> use_pece{this, "use_pece", "Call the model again for the corrected latent."};
  In<bool> simple_order_2{this, "simple_order_2", "Use the shorter formulas for order 2."};
  Out<Sampler> sampler{this, "SAMPLER"};

  void run(RunContext&) override {
    Sampler sa = noisy_sampler("sa_solver", eta, s_noise);
    sa.options.sa = {.noisy = diffusion::LevelRange{model->sampling.percent_to_sigma(sde_start_percent),
                                                    model->sampling.percent_to_sigma(sde_end_percent)},
                     .predictor_order = int(*predictor_order),
                     .corrector_order = int(*corrector_order),
                     .evaluates_again = use_pece,
                     .simple_order_2 = simple_order_2};
    sampler = std::move(sa);
  }
};

struct SamplerLCMUpscale final : Node {
  static constexpr NodeInfo kInfo{.name = "SamplerLCMUpscale",
                                  .category = kSamplers,
                                  .help = "Consistency sampling that lets the latent grow from step to step."};
  In<double> scale_ratio{this, "scale_ratio", "How many times as large it becomes.", 1.0, between(0.1, 20.0), step(0.01)};
  In<int64_t> scale_steps{this, "scale_steps", "Over how many steps it grows; -1: half of them.", -1, between(-1, 1000),
                          step(1)};
  In<Choice> upscale_method{this, "upscale_method", "How it is resized.",
                            one_of({"bislerp", "nearest-exact", "bilinear", "area", "bicubic"})};
  Out<Sampler> sampler{this, "SAMPLER"};

  void run(RunContext&) override {
    Sampler lcm = diffusion::sampler_named("lcm_upscale");
    lcm.options.upscaling.ratio = scale_ratio;
    if (*scale_steps >= 0) lcm.options.upscaling.steps = int(*scale_steps);
    lcm.options.upscaling.method = upscale_method->value;
    sampler = std::move(lcm);
  }
};

}  // namespace

void register_sampler_nodes(Registry& registry) {
  registry.add<KSamplerSelect>();
  registry.add<SamplerEulerAncestral>();
  registry.add<SamplerEulerAncestralCFGPP>();
  registry.add<SamplerEulerCFGpp>();
  registry.add<SamplerLMS>();
  registry.add<SamplerDPMPP_3M_SDE>();
  registry.add<SamplerDPMPP_2M_SDE>();
  registry.add<SamplerDPMPP_SDE>();
  registry.add<SamplerDPMPP_2S_Ancestral>();
  registry.add<SamplerDPMAdaptative>();
  registry.add<SamplerER_SDE>();
  registry.add<SamplerSASolver>();
  registry.add<SamplerLCMUpscale>();
}

}  // namespace heddle
