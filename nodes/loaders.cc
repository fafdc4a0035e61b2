// Model files to values. Only headers are read here; weights are when a network is first used.
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/model_config.h"
#include "nodes/values.h"

namespace heddle {
namespace {

std::string file_text(const File& file) { return "\"" + file.name + "\""; }

PatchedPart part_of(const weights::Checkpoint& checkpoint, const std::optional<weights::Part>& part) {
  return {.file = checkpoint.file, .part = *part, .patches = nullptr};
}

[[noreturn]] void lacks(const File& file, const std::string& part, const std::string& advice) {
  throw std::runtime_error(file_text(file) + " holds no " + part + "; " + advice);
}

Clip clip_of(const weights::Checkpoint& checkpoint) {
  std::vector<PatchedPart> parts;
  for (const weights::Part& part : checkpoint.text) parts.push_back(part_of(checkpoint, part));
  return make_clip(std::move(parts), checkpoint.family);
}

Model model_of(const weights::Checkpoint& checkpoint, diffusion::Prediction prediction) {
  return make_model(part_of(checkpoint, checkpoint.unet), checkpoint.family,
                    diffusion::stable_diffusion_sampling(prediction));
}

struct CheckpointLoader final : Node {
  static constexpr NodeInfo kInfo{.name = "CheckpointLoader",
                                  .category = "loaders",
                                  .help = "Loads a checkpoint: the model, its text encoder and its VAE.",
                                  .display_name = "Load Checkpoint",
                                  .aliases = {{{"CheckpointLoaderSimple", "Load Checkpoint"}}}};
  In<CheckpointFile> ckpt_name{this, "ckpt_name", "Checkpoint file."};
  In<ConfigFile> config_name{this, "config_name", "Old configuration file (YAML) that belongs to the checkpoint.",
                             kOptional};
  Out<Model> model{this, "MODEL", "Predicts noise."};
  Out<Clip> clip{this, "CLIP", "Encodes text."};
  Out<VaeValue> vae{this, "VAE", "Turns pictures into latents and back."};

  void run(RunContext& context) override {
    const weights::Checkpoint checkpoint = weights::open_checkpoint(ckpt_name->path);
    context.check_cancelled();
    const ModelConfig config = config_name.given() ? read_model_config(config_name->path) : ModelConfig{};
    if (!checkpoint.unet) lacks(*ckpt_name, "U-Net", "load it with VAELoader or CLIPLoader if it is one of these");
    if (checkpoint.text.empty()) lacks(*ckpt_name, "text encoder", "load the U-Net with UNETLoader and the text encoder with CLIPLoader");
    model = model_of(checkpoint, config.predicts_v ? diffusion::Prediction::kV : diffusion::Prediction::kEps);
    Clip text = clip_of(checkpoint);
    text.layer = config.clip_layer;
    clip = text;
    vae = checkpoint.vae ? make_vae(part_of(checkpoint, checkpoint.vae))
                         : VaeValue{.weights = {}, .missing = file_text(*ckpt_name) + " holds no VAE; load one with VAELoader", .network = nullptr};
    context.notes["family"] = weights::family_name(checkpoint.family);
  }
};

struct VAELoader final : Node {
  static constexpr NodeInfo kInfo{.name = "VAELoader",
                                  .category = "loaders",
                                  .help = "Loads a VAE from a file of its own, or out of a checkpoint.",
                                  .display_name = "Load VAE"};
  In<VaeFile> vae_name{this, "vae_name", "VAE file."};
  Out<VaeValue> vae{this, "VAE"};

  void run(RunContext&) override {
    const weights::Checkpoint checkpoint = weights::open_checkpoint(vae_name->path);
    if (!checkpoint.vae) lacks(*vae_name, "VAE", "choose another file");
    vae = make_vae(part_of(checkpoint, checkpoint.vae));
  }
};

struct CLIPLoader final : Node {
  static constexpr NodeInfo kInfo{.name = "CLIPLoader",
                                  .category = "advanced/loaders",
                                  .help = "Loads a text encoder from a file of its own.",
                                  .display_name = "Load CLIP"};
  In<TextEncoderFile> clip_name{this, "clip_name", "Text encoder file."};
  In<Choice> type{this, "type", "What the encoder is for.", one_of({"stable_diffusion"})};
  In<Choice> device{this, "device", "Where it runs.", one_of({"default", "cpu"}), kOptional};
  Out<Clip> clip{this, "CLIP"};

  void run(RunContext&) override {
    const weights::Checkpoint checkpoint = weights::open_checkpoint(clip_name->path);
    if (checkpoint.text.empty()) lacks(*clip_name, "text encoder", "choose another file");
    clip = clip_of(checkpoint);
  }
};

struct UNETLoader final : Node {
  static constexpr NodeInfo kInfo{.name = "UNETLoader",
                                  .category = "advanced/loaders",
                                  .help = "Loads a diffusion model from a file of its own.",
                                  .display_name = "Load Diffusion Model"};
  In<DiffusionModelFile> unet_name{this, "unet_name", "Diffusion model file."};
  In<Choice> weight_dtype{this, "weight_dtype", "Type the weights are kept in.", one_of({"default"})};
  Out<Model> model{this, "MODEL"};

  void run(RunContext&) override {
    const weights::Checkpoint checkpoint = weights::open_checkpoint(unet_name->path);
    if (!checkpoint.unet) lacks(*unet_name, "U-Net", "choose another file");
    model = model_of(checkpoint, diffusion::Prediction::kEps);
  }
};

}  // namespace

void register_loader_nodes(Registry& registry) {
  registry.add<CheckpointLoader>();
  registry.add<VAELoader>();
  registry.add<CLIPLoader>();
  registry.add<UNETLoader>();
}

}  // namespace heddle
