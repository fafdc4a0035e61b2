// Saving models: whole checkpoints, and each network alone. A tensor at a time goes from the mapped file, through its
// changes, to the disk.
#include <ATen/ATen.h>

#include <filesystem>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/encode_text.h"
#include "nodes/families.h"
#include "nodes/part_to_save.h"
#include "nodes/save_tensors.h"
#include "nodes/values.h"
#include "nodes/weights/required_names.h"

namespace heddle {
namespace {

constexpr const char* kModelPrefixHelp = "Start of the file name; folders and %date% words are understood.";

struct Architecture {
  weights::Family family;
  const char *noise, *v;  // by what the model predicts
};
// ModelSpec 1.0 (Stability AI), "architecture".
constexpr Architecture kArchitectures[] = {
    {weights::Family::kSd1, "stable-diffusion-v1", "stable-diffusion-v1"},
    {weights::Family::kSd2, "stable-diffusion-v2-512", "stable-diffusion-v2-768-v"},
    {weights::Family::kSdxl, "stable-diffusion-xl-v1-base", "stable-diffusion-xl-v1-base"},
    {weights::Family::kSdxlRefiner, "stable-diffusion-xl-v1-refiner", "stable-diffusion-xl-v1-refiner"},
};

using diffusion::Prediction;

// The ways of sampling that a file can tell.
enum class Training { kNoise, kV, kVZeroTerminal, kOther };

Training training_of(const Model& model) {
  const diffusion::ModelSampling& sampling = model.sampling;
  const auto is_level = [&](const diffusion::ModelSampling& other) { return sampling.sigmas == other.sigmas; };
  const diffusion::ModelSampling plain = diffusion::stable_diffusion_sampling();
  if (sampling.timesteps != diffusion::Timesteps::kTable) return Training::kOther;
  if (sampling.prediction == Prediction::kEps && is_level(plain)) return Training::kNoise;
  if (sampling.prediction != Prediction::kV) return Training::kOther;
  if (is_level(plain)) return Training::kV;
  return is_level(diffusion::rescale_zero_terminal_snr(plain)) ? Training::kVZeroTerminal : Training::kOther;
}

bool predicts_v(const Model& model) { return model.sampling.prediction == Prediction::kV; }

FileTexts model_texts(const Model& model, const std::string& prefix) {
  FileTexts texts{{"modelspec.sai_model_spec", "1.0.0"},
                  {"modelspec.implementation", "sgm"},
                  {"modelspec.title", std::filesystem::path(prefix).filename().string()}};
  if (predicts_v(model)) texts["modelspec.prediction_type"] = "v";
  if (model.sampling.prediction == Prediction::kEps) texts["modelspec.prediction_type"] = "epsilon";
  for (const Architecture& row : kArchitectures) {
    if (row.family == model.family) texts["modelspec.architecture"] = predicts_v(model) ? row.v : row.noise;
  }
  return texts;
}

// The weights do not tell how a model was trained to see noise; these empty tensors do.
weights::TensorsToWrite markers(Training training) {
  const weights::TensorToWrite empty{at::kFloat, {0}, [] { return at::empty({0}); }};
  weights::TensorsToWrite tensors;
  if (training == Training::kV || training == Training::kVZeroTerminal) tensors.emplace("v_pred", empty);
  if (training == Training::kVZeroTerminal) tensors.emplace("ztsnr", empty);
  return tensors;
}

weights::TensorsToWrite model_tensors(const Model& model, const RunContext& context) {
  weights::TensorsToWrite tensors = weights::checkpoint_tensors(to_save(model.weights), model.family);
  const Training training = training_of(model);
  if (training == Training::kOther) {
    context.warn("the file cannot tell how this model is set to be sampled; put the same ModelSampling node behind its loader");
  }
  tensors.merge(markers(training));
  return tensors;
}

weights::PartToSave vae_to_save(const VaeValue& vae) {
  if (!vae.network) throw std::runtime_error(vae.missing);
  weights::PartToSave part = to_save(vae.weights);
  if (!weights::is_tiny_vae(vae.weights.names_and_shapes())) return part;
  throw std::runtime_error(part.file->name() + " is a Tiny AutoEncoder for quick looks, which is not saved; use a whole VAE");
}

std::string encoders_text(const std::vector<weights::PartKind>& kinds) {
  std::string text;
  for (const weights::PartKind kind : kinds) text += (text.empty() ? "" : " and ") + std::string(weights::part_name(kind));
  return text;
}

// A file with the encoders of another family would load as neither.
void check_belong_together(const Model& model, const Clip& clip) {
  require_encoders(clip);
  const std::vector<weights::PartKind> wanted = weights::text_encoders_of(model.family);
  std::vector<weights::PartKind> given;
  for (const TextEncoder& encoder : clip.encoders) given.push_back(encoder.weights.part.kind);
  if (given == wanted) return;
  throw std::runtime_error(std::string("the model is a ") + weights::family_name(model.family) + ", whose checkpoints hold " +
                           encoders_text(wanted) + ", but clip holds " + encoders_text(given) +
                           "; give the text encoder of this family, or save the model with ModelSave");
}

struct CheckpointSave final : Node {
  static constexpr NodeInfo kInfo{.name = "CheckpointSave",
                                  .category = "advanced/model_merging",
                                  .help = "Saves a model, its text encoder and its VAE as one checkpoint file, with all "
                                          "LoRAs and merges worked into the weights.",
                                  .display_name = "Save Checkpoint",
                                  .is_output = true,
                                  .lane = Lane::kPool};
  In<Model> model{this, "model", "Model to save."};
  In<Clip> clip{this, "clip", "Text encoder to save."};
  In<VaeValue> vae{this, "vae", "VAE to save."};
  In<std::string> filename_prefix{this, "filename_prefix", kModelPrefixHelp, "checkpoints/ComfyUI"};

  void run(RunContext& context) override {
    check_belong_together(*model, *clip);
    weights::TensorsToWrite tensors = model_tensors(*model, context);
    for (const TextEncoder& encoder : clip->encoders) {
      tensors.merge(weights::checkpoint_tensors(to_save(encoder.weights), model->family));
    }
    tensors.merge(weights::checkpoint_tensors(vae_to_save(*vae), model->family));
    save_tensors(tensors, model_texts(*model, *filename_prefix), *filename_prefix, context);
  }
};

struct ModelSave final : Node {
  static constexpr NodeInfo kInfo{.name = "ModelSave",
                                  .category = "advanced/model_merging",
                                  .help = "Saves a model without text encoder and VAE, with all LoRAs and merges worked "
                                          "into the weights.",
                                  .is_output = true,
                                  .lane = Lane::kPool};
  In<Model> model{this, "model", "Model to save."};
  In<std::string> filename_prefix{this, "filename_prefix", kModelPrefixHelp, "diffusion_models/ComfyUI"};

  void run(RunContext& context) override {
    save_tensors(model_tensors(*model, context), model_texts(*model, *filename_prefix), *filename_prefix, context);
  }
};

struct CLIPSave final : Node {
  static constexpr NodeInfo kInfo{.name = "CLIPSave",
                                  .category = "advanced/model_merging",
                                  .help = "Saves a text encoder, with all LoRAs and merges worked into the weights. Each "
                                          "of its networks becomes a file whose name ends with clip_l, clip_h or clip_g.",
                                  .is_output = true,
                                  .lane = Lane::kPool};
  In<Clip> clip{this, "clip", "Text encoder to save."};
  In<std::string> filename_prefix{this, "filename_prefix", kModelPrefixHelp, "clip/ComfyUI"};

  void run(RunContext& context) override {
    require_encoders(*clip);
    for (const TextEncoder& encoder : clip->encoders) {
      save_tensors(weights::part_tensors(to_save(encoder.weights)), {},
                   *filename_prefix + "_" + weights::encoder_key(encoder.weights.part.kind), context);
    }
  }
};

struct VAESave final : Node {
  static constexpr NodeInfo kInfo{.name = "VAESave",
                                  .category = "advanced/model_merging",
                                  .help = "Saves a VAE.",
                                  .is_output = true,
                                  .lane = Lane::kPool};
  In<VaeValue> vae{this, "vae", "VAE to save."};
  In<std::string> filename_prefix{this, "filename_prefix", kModelPrefixHelp, "vae/ComfyUI_vae"};

  void run(RunContext& context) override {
    save_tensors(weights::part_tensors(vae_to_save(*vae)), {}, *filename_prefix, context);
  }
};

}  // namespace

void register_save_model_nodes(Registry& registry) {
  registry.add<CheckpointSave>();
  registry.add<ModelSave>();
  registry.add<CLIPSave>();
  registry.add<VAESave>();
}

}  // namespace heddle
