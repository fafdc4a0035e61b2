// LoRAs on models: as nodes, and as tags in a text.
#include "engine/folders.h"
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/lora_tags.h"
#include "nodes/values.h"

namespace heddle {
namespace {

struct Patched {
  Model model;
  std::optional<Clip> clip;
};

// How many keys of the file found a weight: a LoRA that does nothing is never silent.
void note_match(RunContext& context, const std::string& name, const weights::LoraMatch& match) {
  Json note{{"lora", name}, {"matched", match.matched}, {"total", match.total}};
  if (!match.unmatched.empty()) {
    note["unmatched"] = match.unmatched;
    context.warn("LoRA " + name + ": " + std::to_string(match.total - match.matched) + " of " +
                 std::to_string(match.total) + " keys fit nothing in this model, the first is " + match.unmatched[0]);
  }
  context.notes["loras"].push_back(std::move(note));
}

weights::PartShapes shapes_of(const Model& model, const Clip* clip) {
  weights::PartShapes parts{{weights::PartKind::kUNet, model.weights.names_and_shapes()}};
  if (!clip) return parts;
  for (const TextEncoder& encoder : clip->encoders) parts.emplace(encoder.weights.part.kind, encoder.weights.names_and_shapes());
  return parts;
}

Clip patched_clip_of(const Clip& clip, const weights::LoraMatch& match, double strength) {
  std::map<weights::PartKind, std::shared_ptr<const weights::Patches>> patches;
  for (const TextEncoder& encoder : clip.encoders) {
    const weights::PartKind kind = encoder.weights.part.kind;
    const auto found = match.patches.find(kind);
    if (found == match.patches.end()) continue;
    patches.emplace(kind, weights::with_patches(encoder.weights.patches, found->second, strength));
  }
  return with_patches(clip, patches);
}

// A strength of zero changes nothing here, as in ComfyUI, but the file is still checked against the model.
Patched add_lora(const Model& model, const Clip* clip, const LoraFile& lora, double strength_model,
                 double strength_clip, RunContext& context) {
  const auto file = weights::TensorFile::open(lora.path);
  context.check_cancelled();
  const weights::LoraMatch match = weights::match_lora(*file, shapes_of(model, clip));
  note_match(context, lora.name, match);
  Patched patched{model, clip ? std::optional<Clip>(*clip) : std::nullopt};
  if (strength_model != 0) {
    const auto found = match.patches.find(weights::PartKind::kUNet);
    if (found != match.patches.end()) {
      patched.model = with_patches(model, weights::with_patches(model.weights.patches, found->second, strength_model));
    }
  }
  if (clip && strength_clip != 0) patched.clip = patched_clip_of(*clip, match, strength_clip);
  return patched;
}

constexpr const char* kStrengthHelp = "How far to move the weights; 0 changes nothing, may be negative.";

struct LoraLoader final : Node {
  static constexpr NodeInfo kInfo{.name = "LoraLoader",
                                  .category = "loaders",
                                  .help = "Adds a LoRA to a model and its text encoder.",
                                  .display_name = "Load LoRA"};
  In<Model> model{this, "model", "Model to patch."};
  In<Clip> clip{this, "clip", "Text encoder to patch."};
  In<LoraFile> lora_name{this, "lora_name", "LoRA file."};
  In<double> strength_model{this, "strength_model", kStrengthHelp, 1.0, between(-100.0, 100.0), step(0.01)};
  In<double> strength_clip{this, "strength_clip", kStrengthHelp, 1.0, between(-100.0, 100.0), step(0.01)};
  Out<Model> patched_model{this, "MODEL"};
  Out<Clip> patched_clip{this, "CLIP"};

  void run(RunContext& context) override {
    if (strength_model == 0.0 && strength_clip == 0.0) {
      patched_model = model.shared();
      patched_clip = clip.shared();
      return;
    }
    Patched patched = add_lora(*model, &*clip, *lora_name, strength_model, strength_clip, context);
    patched_model = std::move(patched.model);
    patched_clip = std::move(*patched.clip);
  }
};

struct LoraLoaderModelOnly final : Node {
  static constexpr NodeInfo kInfo{.name = "LoraLoaderModelOnly",
                                  .category = "loaders",
                                  .help = "Adds a LoRA to a model and leaves the text encoder alone.",
                                  .display_name = "LoraLoaderModelOnly"};
  In<Model> model{this, "model", "Model to patch."};
  In<LoraFile> lora_name{this, "lora_name", "LoRA file."};
  In<double> strength_model{this, "strength_model", kStrengthHelp, 1.0, between(-100.0, 100.0), step(0.01)};
  Out<Model> patched_model{this, "MODEL"};

  void run(RunContext& context) override {
    if (strength_model == 0.0) {
      patched_model = model.shared();
      return;
    }
    patched_model = add_lora(*model, nullptr, *lora_name, strength_model, 0, context).model;
  }
};

// The files that the tags of a text name; a wrong tag is reported when the step runs.
std::vector<std::string> tagged_files(const std::string& text, const Folders& folders) {
  std::vector<std::string> files;
  try {
    const std::vector<std::string> known = folders.list(LoraFile::kFolder);
    for (const LoraTag& tag : split_lora_tags(text).tags) files.push_back(find_lora(tag.name, known));
  } catch (const std::invalid_argument&) {
    return files;
  }
  return files;
}

struct LoraTags final : Node {
  static constexpr NodeInfo kInfo{.name = "LoraTags",
                                  .category = "loaders",
                                  .help = "Applies the <lora:name:weight> tags of a text, in order, and takes them out.",
                                  .display_name = "LoRA Tags"};
  In<Model> model{this, "model", "Model to patch."};
  In<Clip> clip{this, "clip", "Text encoder to patch."};
  In<std::string> text{this, "text", "Text with tags: <lora:name:weight> or <lora:name:model_weight:clip_weight>.",
                       kMultiline, kDynamicPrompts, Mentions{std::string(LoraFile::kFolder), tagged_files}};
  Out<Model> patched_model{this, "MODEL"};
  Out<Clip> patched_clip{this, "CLIP"};
  Out<std::string> plain_text{this, "STRING", "The text without tags."};

  void run(RunContext& context) override {
    TaggedText tagged = split_lora_tags(*text);
    const std::vector<std::string> files = context.folders->list(LoraFile::kFolder);
    Patched patched{*model, *clip};
    for (const LoraTag& tag : tagged.tags) {
      const LoraFile file{find_file(LoraFile::kFolder, find_lora(tag.name, files), *context.folders)};
      if (tag.strength_model == 0 && tag.strength_clip == 0) continue;
      patched = add_lora(patched.model, &*patched.clip, file, tag.strength_model, tag.strength_clip, context);
    }
    patched_model = std::move(patched.model);
    patched_clip = std::move(*patched.clip);
    plain_text = std::move(tagged.text);
  }
};

}  // namespace

void register_lora_nodes(Registry& registry) {
  registry.add<LoraLoader>();
  registry.add<LoraLoaderModelOnly>();
  registry.add<LoraTags>();
}

}  // namespace heddle
