// Model files to values. Only headers are read here; weights are when a network is first used.
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/checkpoint_values.h"
#include "nodes/families.h"
#include "nodes/model_choices.h"
#include "nodes/model_config.h"
#include "nodes/values.h"
#include "nodes/weights/diffusers_folder.h"

namespace heddle {
namespace {

std::string file_text(const File& file) { return "\"" + file.name + "\""; }

[[noreturn]] void lacks(const File& file, const std::string& part, const std::string& advice) {
  throw std::runtime_error(file_text(file) + " holds no " + part + "; " + advice);
}

void note_checkpoint(const weights::Checkpoint& checkpoint, RunContext& context) {
  context.notes["family"] = weights::family_name(checkpoint.family);
  context.notes["prediction"] = weights::prediction_name(checkpoint.prediction.prediction);
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
    Model loaded = model_of(checkpoint);
    if (config.predicts_v) loaded.sampling = diffusion::stable_diffusion_sampling(diffusion::Prediction::kV);
    Clip text = clip_of(checkpoint, file_text(*ckpt_name));
    text.layer = config.clip_layer;
    model = std::move(loaded);
    clip = std::move(text);
    vae = vae_of(checkpoint, file_text(*ckpt_name));
    note_checkpoint(checkpoint, context);
  }
};

struct VAELoader final : Node {
  static constexpr NodeInfo kInfo{.name = "VAELoader",
                                  .category = "loaders",
                                  .help = "Loads a VAE from a file of its own, or out of a checkpoint.",
                                  .display_name = "Load VAE"};
  In<VaeChoice> vae_name{this, "vae_name",
                         "VAE file; taesd or taesdxl, a small network for quick looks; or pixel_space, no network at all."};
  Out<VaeValue> vae{this, "VAE"};

  void run(RunContext& context) override { vae = open_vae_choice(*vae_name, *context.folders); }
};

struct DiffusersLoader final : Node {
  static constexpr NodeInfo kInfo{.name = "DiffusersLoader",
                                  .category = "advanced/loaders/deprecated",
                                  .help = "Loads a model from a folder as the diffusers library keeps it."};
  In<DiffusersFolder> model_path{this, "model_path", "Folder with a model_index.json."};
  Out<Model> model{this, "MODEL", "Predicts noise."};
  Out<Clip> clip{this, "CLIP", "Encodes text."};
  Out<VaeValue> vae{this, "VAE", "Turns pictures into latents and back."};

  void run(RunContext& context) override {
    const weights::Checkpoint checkpoint = weights::open_checkpoint(weights::open_diffusers_folder(model_path->path));
    const std::string name = "\"" + model_path->name + "\"";
    if (!checkpoint.unet) throw std::runtime_error(name + " holds no U-Net that is known");
    model = model_of(checkpoint);
    clip = clip_of(checkpoint, name);
    vae = vae_of(checkpoint, name);
    note_checkpoint(checkpoint, context);
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

  void run(RunContext& context) override {
    const weights::Checkpoint checkpoint = weights::open_checkpoint(clip_name->path);
    if (checkpoint.text.empty()) lacks(*clip_name, "text encoder", "choose another file");
    clip = clip_of(checkpoint, file_text(*clip_name));
    context.notes["family"] = weights::family_name(checkpoint.family);
  }
};

struct DualCLIPLoader final : Node {
  static constexpr NodeInfo kInfo{.name = "DualCLIPLoader",
                                  .category = "advanced/loaders",
                                  .help = "Loads SDXL's two text encoders from a file each, in either order."};
  In<TextEncoderFile> clip_name1{this, "clip_name1", "One of the text encoders, CLIP-L or OpenCLIP-G."};
  In<TextEncoderFile> clip_name2{this, "clip_name2", "The other one."};
  In<Choice> type{this, "type", "What the encoders are for.", one_of({"sdxl"})};
  In<Choice> device{this, "device", "Where they run.", one_of({"default", "cpu"}), kOptional};
  Out<Clip> clip{this, "CLIP"};

  void run(RunContext&) override {
    clip = clip_of_pair(weights::open_checkpoint(clip_name1->path), weights::open_checkpoint(clip_name2->path));
  }
};

weights::Rounding rounding_of(const Choice& weight_dtype) {
  if (weight_dtype == "default") return weights::Rounding::kNone;
  return weight_dtype == "fp8_e5m2" ? weights::Rounding::kFp8E5m2 : weights::Rounding::kFp8E4m3;
}

struct UNETLoader final : Node {
  static constexpr NodeInfo kInfo{.name = "UNETLoader",
                                  .category = "advanced/loaders",
                                  .help = "Loads a diffusion model from a file of its own.",
                                  .display_name = "Load Diffusion Model"};
  In<DiffusionModelFile> unet_name{this, "unet_name", "Diffusion model file."};
  In<Choice> weight_dtype{this, "weight_dtype",
                          "Type the weights are rounded to; default leaves them as they are. All is computed in fp32.",
                          one_of({"default", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2"})};
  Out<Model> model{this, "MODEL"};

  void run(RunContext& context) override {
    const weights::Checkpoint checkpoint = weights::open_checkpoint(unet_name->path);
    if (!checkpoint.unet) lacks(*unet_name, "U-Net", "choose another file");
    model = model_of(checkpoint, rounding_of(*weight_dtype));
    note_checkpoint(checkpoint, context);
  }
};

}  // namespace

void register_loader_nodes(Registry& registry) {
  registry.add<CheckpointLoader>();
  registry.add<DiffusersLoader>();
  registry.add<VAELoader>();
  registry.add<CLIPLoader>();
  registry.add<DualCLIPLoader>();
  registry.add<UNETLoader>();
}

}  // namespace heddle
