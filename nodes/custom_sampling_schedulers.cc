// Noise levels as values: made by a model's schedule, by a formula, or from a table.
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/diffusion/schedules_levels.h"
#include "nodes/diffusion/schedules_tuned.h"
#include "nodes/families.h"
#include "nodes/sampling.h"

namespace heddle {
namespace {

using diffusion::Sigmas;
using diffusion::SigmaRange;

constexpr const char* kSchedulers = "sampling/custom_sampling/schedulers";
constexpr const char* kStepsHelp = "How many steps to walk.";
constexpr const char* kMaxHelp = "The first level.";
constexpr const char* kMinHelp = "The last level above 0.";
constexpr const char* kDenoiseHelp = "Share of the schedule to run; below 1 keeps some of the start.";
constexpr const char* kSigmasHelp = "Noise levels, from large to small.";

/// Logarithms and roots need positive levels.
SigmaRange positive_range(double sigma_min, double sigma_max) {
  if (sigma_min > 0 && sigma_max > 0) return {sigma_min, sigma_max};
  throw std::runtime_error("sigma_min and sigma_max must be above 0, got " + std::to_string(sigma_min) + " and " +
                           std::to_string(sigma_max));
}

struct BasicScheduler final : Node {
  static constexpr NodeInfo kInfo{
      .name = "BasicScheduler", .category = kSchedulers, .help = "Noise levels as KSampler spaces them."};
  In<Model> model{this, "model", "The model to sample with; its own levels count."};
  In<Choice> scheduler{this, "scheduler", "How the levels are spaced.", one_of(diffusion::schedule_names())};
  In<int64_t> steps{this, "steps", kStepsHelp, 20, between(1, 10000)};
  In<double> denoise{this, "denoise", kDenoiseHelp, 1.0, between(0.0, 1.0), step(0.01)};
  Out<Sigmas> sigmas{this, "SIGMAS", kSigmasHelp};

  void run(RunContext&) override {
    sigmas = diffusion::last_of_schedule(scheduler->value, model->sampling, int(*steps), denoise);
  }
};

struct KarrasScheduler final : Node {
  static constexpr NodeInfo kInfo{
      .name = "KarrasScheduler", .category = kSchedulers, .help = "Levels whose roots are evenly spaced."};
  In<int64_t> steps{this, "steps", kStepsHelp, 20, between(1, 10000)};
  In<double> sigma_max{this, "sigma_max", kMaxHelp, 14.614642, between(0.0, 5000.0), step(0.01)};
  In<double> sigma_min{this, "sigma_min", kMinHelp, 0.0291675, between(0.0, 5000.0), step(0.01)};
  In<double> rho{this, "rho", "Which root: the larger, the more steps at small levels.", 7.0, between(0.0, 100.0),
                 step(0.01)};
  Out<Sigmas> sigmas{this, "SIGMAS", kSigmasHelp};

  void run(RunContext&) override {
    if (*rho == 0) throw std::runtime_error("rho is 0, and there is no 0th root: use 7 or so");
    sigmas = diffusion::karras_levels(int(*steps), {sigma_min, sigma_max}, rho);
  }
};

struct ExponentialScheduler final : Node {
  static constexpr NodeInfo kInfo{
      .name = "ExponentialScheduler", .category = kSchedulers, .help = "Levels whose logarithms are evenly spaced."};
  In<int64_t> steps{this, "steps", kStepsHelp, 20, between(1, 10000)};
  In<double> sigma_max{this, "sigma_max", kMaxHelp, 14.614642, between(0.0, 5000.0), step(0.01)};
  In<double> sigma_min{this, "sigma_min", kMinHelp, 0.0291675, between(0.0, 5000.0), step(0.01)};
  Out<Sigmas> sigmas{this, "SIGMAS", kSigmasHelp};

  void run(RunContext&) override {
    sigmas = diffusion::exponential_levels(int(*steps), positive_range(sigma_min, sigma_max));
  }
};

struct PolyexponentialScheduler final : Node {
  static constexpr NodeInfo kInfo{.name = "PolyexponentialScheduler",
                                  .category = kSchedulers,
                                  .help = "Levels whose logarithms follow a power."};
  In<int64_t> steps{this, "steps", kStepsHelp, 20, between(1, 10000)};
  In<double> sigma_max{this, "sigma_max", kMaxHelp, 14.614642, between(0.0, 5000.0), step(0.01)};
  In<double> sigma_min{this, "sigma_min", kMinHelp, 0.0291675, between(0.0, 5000.0), step(0.01)};
  In<double> rho{this, "rho", "The power: 1 is exponential.", 1.0, between(0.0, 100.0), step(0.01)};
  Out<Sigmas> sigmas{this, "SIGMAS", kSigmasHelp};

  void run(RunContext&) override {
    sigmas = diffusion::polyexponential_levels(int(*steps), positive_range(sigma_min, sigma_max), rho);
  }
};

struct LaplaceScheduler final : Node {
  static constexpr NodeInfo kInfo{.name = "LaplaceScheduler",
                                  .category = kSchedulers,
                                  .help = "Levels crowded around one, by a Laplace distribution. Does not end at 0."};
  In<int64_t> steps{this, "steps", "How many levels.", 20, between(1, 10000)};
  In<double> sigma_max{this, "sigma_max", "No level is above.", 14.614642, between(0.0, 5000.0), step(0.01)};
  In<double> sigma_min{this, "sigma_min", "No level is below.", 0.0291675, between(0.0, 5000.0), step(0.01)};
  In<double> mu{this, "mu", "Logarithm of the level around which they crowd.", 0.0, between(-10.0, 10.0), step(0.1)};
  In<double> beta{this, "beta", "How widely they spread.", 0.5, between(0.0, 10.0), step(0.1)};
  Out<Sigmas> sigmas{this, "SIGMAS", kSigmasHelp};

  void run(RunContext&) override {
    sigmas = diffusion::laplace_levels(int(*steps), {sigma_min, sigma_max}, mu, beta);
  }
};

struct VPScheduler final : Node {
  static constexpr NodeInfo kInfo{.name = "VPScheduler",
                                  .category = kSchedulers,
                                  .help = "Levels of the continuous variance-preserving process."};
  In<int64_t> steps{this, "steps", kStepsHelp, 20, between(1, 10000)};
  In<double> beta_d{this, "beta_d", "How fast noise grows faster.", 19.9, between(0.0, 5000.0), step(0.01)};
  In<double> beta_min{this, "beta_min", "How fast it grows at first.", 0.1, between(0.0, 5000.0), step(0.01)};
  In<double> eps_s{this, "eps_s", "Time of the last level above 0.", 0.001, between(0.0, 1.0), step(0.0001)};
  Out<Sigmas> sigmas{this, "SIGMAS", kSigmasHelp};

  void run(RunContext&) override {
    sigmas = diffusion::variance_preserving_levels(int(*steps), beta_d, beta_min, eps_s);
  }
};

struct BetaSamplingScheduler final : Node {
  static constexpr NodeInfo kInfo{.name = "BetaSamplingScheduler",
                                  .category = kSchedulers,
                                  .help = "The model's levels by a beta distribution: more at both ends."};
  In<Model> model{this, "model", "The model to sample with; its own levels count."};
  In<int64_t> steps{this, "steps", kStepsHelp, 20, between(1, 10000)};
  In<double> alpha{this, "alpha", "Of the distribution; above 0.", 0.6, between(0.0, 50.0), step(0.01)};
  In<double> beta{this, "beta", "Of the distribution; above 0.", 0.6, between(0.0, 50.0), step(0.01)};
  Out<Sigmas> sigmas{this, "SIGMAS", kSigmasHelp};

  void run(RunContext&) override { sigmas = diffusion::beta_levels(model->sampling, int(*steps), alpha, beta); }
};

struct SDTurboScheduler final : Node {
  static constexpr NodeInfo kInfo{
      .name = "SDTurboScheduler", .category = kSchedulers, .help = "The levels that turbo models were made for."};
  In<Model> model{this, "model", "The model to sample with; its own levels count."};
  In<int64_t> steps{this, "steps", kStepsHelp, 1, between(1, 10)};
  In<double> denoise{this, "denoise", kDenoiseHelp, 1.0, between(0, 1.0), step(0.01)};
  Out<Sigmas> sigmas{this, "SIGMAS", kSigmasHelp};

  void run(RunContext&) override { sigmas = diffusion::turbo_levels(model->sampling, int(*steps), denoise); }
};

struct AlignYourStepsScheduler final : Node {
  static constexpr NodeInfo kInfo{.name = "AlignYourStepsScheduler",
                                  .category = kSchedulers,
                                  .help = "Levels optimised for a family of models; best with about ten steps."};
  In<Choice> model_type{this, "model_type", "Which family.", one_of(diffusion::align_your_steps_families())};
  In<int64_t> steps{this, "steps", kStepsHelp, 10, between(1, 10000)};
  In<double> denoise{this, "denoise", kDenoiseHelp, 1.0, between(0.0, 1.0), step(0.01)};
  Out<Sigmas> sigmas{this, "SIGMAS", kSigmasHelp};

  void run(RunContext&) override { sigmas = diffusion::align_your_steps(model_type->value, int(*steps), denoise); }
};

struct GITSScheduler final : Node {
  static constexpr NodeInfo kInfo{.name = "GITSScheduler",
                                  .category = kSchedulers,
                                  .help = "Levels optimised along the paths that sampling takes; best with few steps."};
  In<double> coeff{this, "coeff", "The smaller, the more steps at large levels.", 1.2, between(0.8, 1.5), step(0.05)};
  In<int64_t> steps{this, "steps", kStepsHelp, 10, between(2, 1000)};
  In<double> denoise{this, "denoise", kDenoiseHelp, 1.0, between(0.0, 1.0), step(0.01)};
  Out<Sigmas> sigmas{this, "SIGMAS", kSigmasHelp};

  void run(RunContext&) override { sigmas = diffusion::gits(coeff, int(*steps), denoise); }
};

}  // namespace

void register_scheduler_nodes(Registry& registry) {
  registry.add<BasicScheduler>();
  registry.add<KarrasScheduler>();
  registry.add<ExponentialScheduler>();
  registry.add<PolyexponentialScheduler>();
  registry.add<LaplaceScheduler>();
  registry.add<VPScheduler>();
  registry.add<BetaSamplingScheduler>();
  registry.add<SDTurboScheduler>();
  registry.add<AlignYourStepsScheduler>();
  registry.add<GITSScheduler>();
}

}  // namespace heddle
