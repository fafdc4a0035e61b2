// LoRAs on models: as nodes, and as tags in a text.
#include "engine/folders.h"
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/lora_apply.h"
#include "nodes/lora_tags.h"
#include "nodes/values.h"

namespace heddle {
namespace {

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
    Patched patched = add_lora(*model, &*clip, *lora_name, {.model = strength_model, .clip = strength_clip}, context);
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
    patched_model = add_lora(*model, nullptr, *lora_name, {.model = strength_model}, context).model;
  }
};

struct LoraBlockWeights final : Node {
  static constexpr NodeInfo kInfo{
      .name = "LoraBlockWeights",
      .category = "loaders",
      .help = "Adds a LoRA to a model and its text encoder, with a strength for each block of the network.",
      .display_name = "Load LoRA (Block Weights)"};
  In<Model> model{this, "model", "Model to patch."};
  In<Clip> clip{this, "clip", "Text encoder to patch."};
  In<LoraFile> lora_name{this, "lora_name", "LoRA file."};
  In<double> strength_model{this, "strength_model", kStrengthHelp, 1.0, between(-100.0, 100.0), step(0.01)};
  In<double> strength_clip{this, "strength_clip", kStrengthHelp, 1.0, between(-100.0, 100.0), step(0.01)};
  In<std::string> blocks{
      this, "blocks",
      "Factors of the strength: IN00:0.5, MID:1, OUT*:0.8 (BASE is the text encoder), or a list of 12, 17, 20 or "
      "26 numbers. Blocks that are not named keep the strength.",
      "", kMultiline};
  Out<Model> patched_model{this, "MODEL"};
  Out<Clip> patched_clip{this, "CLIP"};

  void run(RunContext& context) override {
    std::vector<std::string> names;
    for (const auto& [name, shape] : model->weights.names_and_shapes()) names.push_back(name);
    const LoraStrengths strengths{
        .model = strength_model, .clip = strength_clip, .blocks = parse_block_strengths(*blocks, blocks_of(names))};
    Patched patched = add_lora(*model, &*clip, *lora_name, strengths, context);
    patched_model = std::move(patched.model);
    patched_clip = std::move(*patched.clip);
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
  static constexpr NodeInfo kInfo{
      .name = "LoraTags",
      .category = "loaders",
      .help = "Applies the <lora:name:weight> tags of a text, in order, and takes them out.",
      .display_name = "LoRA Tags"};
  In<Model> model{this, "model", "Model to patch."};
  In<Clip> clip{this, "clip", "Text encoder to patch."};
  In<std::string> text{
      this,       "text",          "Text with tags: <lora:name:weight> or <lora:name:model_weight:clip_weight>.",
      kMultiline, kDynamicPrompts, Mentions{std::string(LoraFile::kFolder), tagged_files}};
  Out<Model> patched_model{this, "MODEL"};
  Out<Clip> patched_clip{this, "CLIP"};
  Out<std::string> plain_text{this, "STRING", "The text without tags."};

  void run(RunContext& context) override {
    TaggedText tagged = split_lora_tags(*text);
    Patched patched = add_tagged_loras(*model, *clip, tagged.tags, context);
    patched_model = std::move(patched.model);
    patched_clip = std::move(*patched.clip);
    plain_text = std::move(tagged.text);
  }
};

}  // namespace

void register_lora_nodes(Registry& registry) {
  registry.add<LoraLoader>();
  registry.add<LoraLoaderModelOnly>();
  registry.add<LoraBlockWeights>();
  registry.add<LoraTags>();
}

}  // namespace heddle
