// Changes to lists of noise levels.
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/diffusion/schedules_edit.h"
#include "nodes/families.h"
#include "nodes/sampling.h"

namespace heddle {
namespace {

using diffusion::Sigmas;

constexpr const char* kSigmas = "sampling/custom_sampling/sigmas";

struct SplitSigmas final : Node {
  static constexpr NodeInfo kInfo{.name = "SplitSigmas",
                                  .category = kSigmas,
                                  .help = "Cuts a list of noise levels in two, for samplers that follow one another."};
  In<Sigmas> sigmas{this, "sigmas", "The whole list."};
  In<int64_t> step_{this, "step", "How many steps the first part has.", 0, between(0, 10000)};
  Out<Sigmas> high{this, "high_sigmas", "The first part, down to the level of the cut."};
  Out<Sigmas> low{this, "low_sigmas", "The second part, from that level on."};

  void run(RunContext&) override {
    auto [first, second] = diffusion::split_at(*sigmas, int(*step_));
    high = std::move(first);
    low = std::move(second);
  }
};

struct SplitSigmasDenoise final : Node {
  static constexpr NodeInfo kInfo{.name = "SplitSigmasDenoise",
                                  .category = kSigmas,
                                  .help = "Cuts a list of noise levels so that the second part is a share of the steps."};
  In<Sigmas> sigmas{this, "sigmas", "The whole list."};
  In<double> denoise{this, "denoise", "Share of the steps in the second part.", 1.0, between(0.0, 1.0), step(0.01)};
  Out<Sigmas> high{this, "high_sigmas", "The first part, down to the level of the cut."};
  Out<Sigmas> low{this, "low_sigmas", "The second part, from that level on."};

  void run(RunContext&) override {
    auto [first, second] = diffusion::split_share(*sigmas, denoise);
    high = std::move(first);
    low = std::move(second);
  }
};

struct FlipSigmas final : Node {
  static constexpr NodeInfo kInfo{.name = "FlipSigmas",
                                  .category = kSigmas,
                                  .help = "Turns a list of noise levels round, to go from a picture back to noise."};
  In<Sigmas> sigmas{this, "sigmas", "The list."};
  Out<Sigmas> flipped{this, "SIGMAS", "From the last to the first; a leading 0 becomes 0.0001."};

  void run(RunContext&) override { flipped = diffusion::flipped(*sigmas); }
};

struct SetFirstSigma final : Node {
  static constexpr NodeInfo kInfo{
      .name = "SetFirstSigma", .category = kSigmas, .help = "Replaces the first noise level."};
  In<Sigmas> sigmas{this, "sigmas", "The list."};
  In<double> sigma{this, "sigma", "The new first level.", 136.0, between(0.0, 20000.0), step(0.001)};
  Out<Sigmas> changed{this, "SIGMAS", "The list with that level."};

  void run(RunContext&) override {
    if (sigmas->empty()) throw std::runtime_error("the list of noise levels is empty: there is no first one to replace");
    Sigmas list = *sigmas;
    list.front() = float(*sigma);
    changed = std::move(list);
  }
};

struct ExtendIntermediateSigmas final : Node {
  static constexpr NodeInfo kInfo{.name = "ExtendIntermediateSigmas",
                                  .category = kSigmas,
                                  .help = "Puts further noise levels between those of a list."};
  In<Sigmas> sigmas{this, "sigmas", "The list."};
  In<int64_t> steps{this, "steps", "How many steps take the place of one.", 2, between(1, 100)};
  In<double> start_at_sigma{this, "start_at_sigma", "Only below this level; -1: from the first.", -1.0,
                            between(-1.0, 20000.0), step(0.01)};
  In<double> end_at_sigma{this, "end_at_sigma", "Only above this level.", 12.0, between(0.0, 20000.0), step(0.01)};
  In<Choice> spacing{this, "spacing", "Evenly, or crowded at the lower (cosine) or the upper level (sine).",
                     one_of({"linear", "cosine", "sine"})};
  Out<Sigmas> extended{this, "SIGMAS", "The longer list."};

  void run(RunContext&) override {
    const double high = *start_at_sigma < 0 ? std::numeric_limits<double>::infinity() : *start_at_sigma;
    extended = diffusion::extended(*sigmas, int(*steps), end_at_sigma, high, spacing_of(*spacing));
  }

  static diffusion::Spacing spacing_of(const Choice& choice) {
    if (choice == "cosine") return diffusion::Spacing::kCosine;
    return choice == "sine" ? diffusion::Spacing::kSine : diffusion::Spacing::kLinear;
  }
};

struct SamplingPercentToSigma final : Node {
  static constexpr NodeInfo kInfo{.name = "SamplingPercentToSigma",
                                  .category = kSigmas,
                                  .help = "The noise level at a share of a model's schedule."};
  In<Model> model{this, "model", "Whose schedule."};
  In<double> sampling_percent{this, "sampling_percent", "Share of the schedule, from 0 to 1.", 0.0, between(0.0, 1.0),
                              step(0.0001)};
  In<bool> return_actual_sigma{this, "return_actual_sigma",
                               "At the ends give the model's own first and last level, not a bound beyond them.", false};
  Out<double> sigma_value{this, "sigma_value", "The level."};

  void run(RunContext&) override {
    const diffusion::ModelSampling& sampling = model->sampling;
    const double percent = sampling_percent;
    float sigma = sampling.percent_to_sigma(percent);
    if (*return_actual_sigma && percent == 0) sigma = sampling.sigma_max();
    if (*return_actual_sigma && percent == 1) sigma = sampling.sigma_min();
    sigma_value = double(sigma);
  }
};

}  // namespace

void register_sigma_nodes(Registry& registry) {
  registry.add<SplitSigmas>();
  registry.add<SplitSigmasDenoise>();
  registry.add<FlipSigmas>();
  registry.add<SetFirstSigma>();
  registry.add<ExtendIntermediateSigmas>();
  registry.add<SamplingPercentToSigma>();
}

}  // namespace heddle
