// How a model sees noise, and how it paints under a mask: changes to it that touch no weights.
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/sampling.h"

namespace heddle {
namespace {

using diffusion::ModelSampling;
using diffusion::Prediction;
using diffusion::Timesteps;

constexpr const char* kModelCategory = "advanced/model";

ModelSampling discrete_sampling(const Choice& choice, bool zero_snr) {
  Prediction prediction = Prediction::kEps;
  if (choice == "v_prediction") prediction = Prediction::kV;
  if (choice == "x0") prediction = Prediction::kSample;
  if (choice == "img_to_img") prediction = Prediction::kImage;
  ModelSampling sampling = diffusion::stable_diffusion_sampling(prediction);
  if (zero_snr) sampling = diffusion::rescale_zero_terminal_snr(sampling);
  return choice == "lcm" ? diffusion::consistency_sampling(sampling) : sampling;
}

ModelSampling between_levels(Prediction prediction, Timesteps timesteps, double sigma_min, double sigma_max,
                             double sigma_data) {
  if (!(0 < sigma_min && sigma_min < sigma_max)) {
    throw std::runtime_error("sigma_min must be above 0 and below sigma_max, got " + std::to_string(sigma_min) +
                             " and " + std::to_string(sigma_max));
  }
  return diffusion::continuous_sampling(prediction, timesteps, sigma_min, sigma_max, sigma_data);
}

struct ModelSamplingDiscrete final : Node {
  static constexpr NodeInfo kInfo{.name = "ModelSamplingDiscrete",
                                  .category = kModelCategory,
                                  .help = "Says what a model predicts, for files that do not tell or LoRAs that change it."};
  In<Model> model{this, "model", "The model."};
  In<Choice> sampling{this, "sampling", "Noise (eps), velocity, consistency steps, or the picture itself.",
                      one_of({"eps", "v_prediction", "lcm", "x0", "img_to_img"})};
  In<bool> zsnr{this, "zsnr", "Stretch the schedule to pure noise, for models trained so.", false};
  Out<Model> changed{this, "MODEL", "The model with that schedule."};

  void run(RunContext&) override {
    Model result = *model;
    result.sampling = discrete_sampling(*sampling, zsnr);
    changed = std::move(result);
  }
};

struct ModelSamplingContinuousEDM final : Node {
  static constexpr NodeInfo kInfo{.name = "ModelSamplingContinuousEDM",
                                  .category = kModelCategory,
                                  .help = "For models trained on continuous noise levels, as EDM and Playground are."};
  In<Model> model{this, "model", "The model."};
  In<Choice> sampling{this, "sampling", "What the model predicts; cosmos_rflow belongs to models that are not here.",
                      one_of({"v_prediction", "edm", "edm_playground_v2.5", "eps", "cosmos_rflow"})};
  In<double> sigma_max{this, "sigma_max", "The largest level.", 120.0, between(0.0, 1000.0), step(0.001)};
  In<double> sigma_min{this, "sigma_min", "The smallest level.", 0.002, between(0.0, 1000.0), step(0.001)};
  Out<Model> changed{this, "MODEL", "The model with these levels."};

  void run(RunContext&) override {
    if (*sampling == "cosmos_rflow") {
      throw std::runtime_error("cosmos_rflow is for Cosmos models, which this program does not run: choose another");
    }
    const bool playground = *sampling == "edm_playground_v2.5", edm = playground || *sampling == "edm";
    const Prediction prediction = edm ? Prediction::kEdm : *sampling == "eps" ? Prediction::kEps : Prediction::kV;
    Model result = *model;
    result.sampling = between_levels(prediction, Timesteps::kLog, sigma_min, sigma_max, edm ? 0.5 : 1);
    if (playground) use_playground_latents(result);
    changed = std::move(result);
  }
};

struct ModelSamplingContinuousV final : Node {
  static constexpr NodeInfo kInfo{.name = "ModelSamplingContinuousV",
                                  .category = kModelCategory,
                                  .help = "For models that predict velocity and are told the angle of noise to signal."};
  In<Model> model{this, "model", "The model."};
  In<Choice> sampling{this, "sampling", "What the model predicts.", one_of({"v_prediction"})};
  In<double> sigma_max{this, "sigma_max", "The largest level.", 500.0, between(0.0, 1000.0), step(0.001)};
  In<double> sigma_min{this, "sigma_min", "The smallest level.", 0.03, between(0.0, 1000.0), step(0.001)};
  Out<Model> changed{this, "MODEL", "The model with these levels."};

  void run(RunContext&) override {
    Model result = *model;
    result.sampling = between_levels(Prediction::kV, Timesteps::kAngle, sigma_min, sigma_max, 1);
    changed = std::move(result);
  }
};

struct DifferentialDiffusion final : Node {
  static constexpr NodeInfo kInfo{.name = "DifferentialDiffusion",
                                  .category = "_for_testing",
                                  .help = "Lets a noise mask say from when on a place is painted: grey changes later.",
                                  .display_name = "Differential Diffusion"};
  In<Model> model{this, "model", "The model."};
  In<double> strength{this, "strength", "Below 1 the mask also counts as it is.", 1.0, between(0.0, 1.0), step(0.01),
                      kOptional};
  Out<Model> changed{this, "MODEL", "The model that paints so."};

  void run(RunContext&) override {
    Model result = *model;
    result.differential = strength.given() ? *strength : 1.0;
    changed = std::move(result);
  }
};

}  // namespace

void register_model_sampling_nodes(Registry& registry) {
  registry.add<ModelSamplingDiscrete>();
  registry.add<ModelSamplingContinuousEDM>();
  registry.add<ModelSamplingContinuousV>();
  registry.add<DifferentialDiffusion>();
}

}  // namespace heddle
