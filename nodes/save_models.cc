// Saving models: whole checkpoints, and each network alone. A tensor at a time goes from the mapped file, through its
// changes, to the disk.
#include "engine/folders.h"
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/save_tensors.h"
#include "nodes/values.h"
#include "nodes/weights/model_file_write.h"

namespace heddle {
namespace {

constexpr const char* kPrefixHelp = "Start of the file name; folders and %date% words are understood.";

weights::PartToSave to_save(const PatchedPart& part) { return {part.file, part.part, part.patches}; }

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

bool predicts_v(const Model& model) { return model.sampling.prediction == diffusion::Prediction::kV; }

FileTexts model_texts(const Model& model, const std::string& prefix) {
  FileTexts texts{{"modelspec.sai_model_spec", "1.0.0"},
                  {"modelspec.implementation", "sgm"},
                  {"modelspec.title", std::filesystem::path(prefix).filename().string()},
                  {"modelspec.prediction_type", predicts_v(model) ? "v" : "epsilon"}};
  for (const Architecture& row : kArchitectures) {
    if (row.family == model.family) texts["modelspec.architecture"] = predicts_v(model) ? row.v : row.noise;
  }
  return texts;
}

bool has_zero_terminal_snr(const diffusion::ModelSampling& sampling) {
  static const float kZeroTerminal =
      diffusion::rescale_zero_terminal_snr(diffusion::stable_diffusion_sampling()).sigma_max();
  return sampling.sigma_max() >= kZeroTerminal;
}

// The weights do not tell how a model was trained to see noise; these empty tensors do.
weights::TensorsToWrite markers(const Model& model) {
  const weights::TensorToWrite empty{at::kFloat, {0}, [] { return at::empty({0}); }};
  weights::TensorsToWrite tensors;
  if (predicts_v(model)) tensors.emplace("v_pred", empty);
  if (has_zero_terminal_snr(model.sampling)) tensors.emplace("ztsnr", empty);
  return tensors;
}

weights::TensorsToWrite model_tensors(const Model& model) {
  weights::TensorsToWrite tensors = weights::checkpoint_tensors(to_save(model.weights), model.family);
  tensors.merge(markers(model));
  return tensors;
}

const VaeValue& checked(const VaeValue& vae) {
  if (!vae.network) throw std::runtime_error(vae.missing);
  return vae;
}

std::string encoders_text(const std::vector<weights::PartKind>& kinds) {
  std::string text;
  for (const weights::PartKind kind : kinds) text += (text.empty() ? "" : " and ") + std::string(weights::part_name(kind));
  return text;
}

// A file with the encoders of another family would load as neither.
void check_belong_together(const Model& model, const Clip& clip) {
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
  In<std::string> filename_prefix{this, "filename_prefix", kPrefixHelp, "checkpoints/ComfyUI"};

  void run(RunContext& context) override {
    check_belong_together(*model, *clip);
    weights::TensorsToWrite tensors = model_tensors(*model);
    for (const TextEncoder& encoder : clip->encoders) {
      tensors.merge(weights::checkpoint_tensors(to_save(encoder.weights), model->family));
    }
    tensors.merge(weights::checkpoint_tensors(to_save(checked(*vae).weights), model->family));
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
  In<std::string> filename_prefix{this, "filename_prefix", kPrefixHelp, "diffusion_models/ComfyUI"};

  void run(RunContext& context) override {
    save_tensors(model_tensors(*model), model_texts(*model, *filename_prefix), *filename_prefix, context);
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
  In<std::string> filename_prefix{this, "filename_prefix", kPrefixHelp, "clip/ComfyUI"};

  void run(RunContext& context) override {
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
  In<std::string> filename_prefix{this, "filename_prefix", kPrefixHelp, "vae/ComfyUI_vae"};

  void run(RunContext& context) override {
    save_tensors(weights::part_tensors(to_save(checked(*vae).weights)), {}, *filename_prefix, context);
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
