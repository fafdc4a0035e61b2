// Merging models and text encoders: weighted sums, differences, and ratios by block.
#include <deque>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/encode_text.h"
#include "nodes/families.h"
#include "nodes/part_to_save.h"
#include "nodes/values.h"
#include "nodes/weights/model_merge.h"

namespace heddle {
namespace {

using weights::Mix;
using weights::MixOf;

[[noreturn]] void reject_families(const std::string& first, weights::Family a, const std::string& second, weights::Family b) {
  throw std::runtime_error(first + " is for " + weights::family_name(a) + " and " + second + " for " +
                           weights::family_name(b) + "; only models of one family can be merged");
}

std::shared_ptr<const weights::Patches> merged(const PatchedPart& first, const PatchedPart& second, const MixOf& mix,
                                               const RunContext& context) {
  weights::Merge merge = weights::merge_parts(to_save(first), to_save(second), mix);
  for (const std::string& name : merge.left_alone) {
    context.warn(name + " is left as " + first.file->name() + " has it: " + second.file->name() +
                 " takes another number of channels");
  }
  return std::move(merge.patches);
}

Model merged(const Model& first, const Model& second, const MixOf& mix, const RunContext& context) {
  if (first.family != second.family) {
    reject_families(to_save(first.weights).file->name(), first.family, to_save(second.weights).file->name(), second.family);
  }
  return with_patches(first, merged(first.weights, second.weights, mix, context));
}

MixOf everywhere(Mix mix) {
  return [mix](const std::string&) { return mix; };
}

const TextEncoder& counterpart_in(const Clip& clip, const Clip& other, weights::PartKind kind) {
  for (const TextEncoder& encoder : clip.encoders) {
    if (encoder.weights.part.kind == kind) return encoder;
  }
  reject_families("clip1", other.family, "clip2", clip.family);
}

Clip merged(const Clip& first, const Clip& second, Mix mix, const RunContext& context) {
  require_encoders(first);
  require_encoders(second);
  if (first.encoders.size() != second.encoders.size()) reject_families("clip1", first.family, "clip2", second.family);
  return with_patches(first, [&](const PatchedPart& encoder) {
    return merged(encoder, counterpart_in(second, first, encoder.part.kind).weights, everywhere(mix), context);
  });
}

constexpr const char* kRatioHelp = "Share of the first; the rest is the second's.";
constexpr const char* kMultiplierHelp = "Multiplies the difference.";

struct ModelMergeSimple final : Node {
  static constexpr NodeInfo kInfo{.name = "ModelMergeSimple",
                                  .category = "advanced/model_merging",
                                  .help = "Mixes two models: ratio times the first and the rest of the second.",
                                  .lane = Lane::kPool};
  In<Model> model1{this, "model1", "First model."};
  In<Model> model2{this, "model2", "Second model."};
  In<double> ratio{this, "ratio", kRatioHelp, 1.0, between(0.0, 1.0), step(0.01)};
  Out<Model> model{this, "MODEL"};

  void run(RunContext& context) override {
    model = merged(*model1, *model2, everywhere({*ratio, 1.0 - *ratio}), context);
  }
};

struct ModelMergeSubtract final : Node {
  static constexpr NodeInfo kInfo{.name = "ModelMergeSubtract",
                                  .category = "advanced/model_merging",
                                  .help = "The difference of two models, for ModelMergeAdd or LoraSave: it draws nothing by itself.",
                                  .lane = Lane::kPool};
  In<Model> model1{this, "model1", "Model to subtract from."};
  In<Model> model2{this, "model2", "Model that is subtracted."};
  In<double> multiplier{this, "multiplier", kMultiplierHelp, 1.0, between(-10.0, 10.0), step(0.01)};
  Out<Model> model{this, "MODEL"};

  void run(RunContext& context) override {
    model = merged(*model1, *model2, everywhere({*multiplier, -*multiplier}), context);
  }
};

struct ModelMergeAdd final : Node {
  static constexpr NodeInfo kInfo{.name = "ModelMergeAdd",
                                  .category = "advanced/model_merging",
                                  .help = "The sum of two models, one of which usually is a difference from ModelMergeSubtract.",
                                  .lane = Lane::kPool};
  In<Model> model1{this, "model1", "Model to add to."};
  In<Model> model2{this, "model2", "Difference to add."};
  Out<Model> model{this, "MODEL"};

  void run(RunContext& context) override { model = merged(*model1, *model2, everywhere({1.0, 1.0}), context); }
};

// A ratio for each group of blocks. Its name is the beginning of the names of the weights that it is for.
struct BlockRatios : Node {
  explicit BlockRatios(const std::vector<std::string>& blocks) {
    for (const std::string& block : blocks) {
      ratios.emplace_back(this, block.c_str(), kRatioHelp, 1.0, between(0.0, 1.0), step(0.01));
    }
  }

  In<Model> model1{this, "model1", "First model."};
  In<Model> model2{this, "model2", "Second model."};
  std::deque<In<double>> ratios;
  Out<Model> model{this, "MODEL"};

  void run(RunContext& context) override {
    model = merged(*model1, *model2, [this](const std::string& name) { return mix_of(name); }, context);
  }

 private:
  // The longest name that fits counts, and the first ratio where none does.
  Mix mix_of(const std::string& weight) const {
    const In<double>* best = &ratios.front();
    size_t longest = 0;
    for (const In<double>& ratio : ratios) {
      if (!weight.starts_with(ratio.spec.name) || ratio.spec.name.size() <= longest) continue;
      best = &ratio;
      longest = ratio.spec.name.size();
    }
    return {**best, 1.0 - **best};
  }
};

// The blocks of a U-Net by number; `end` closes a number, so that block 1 is not the beginning of block 10.
std::vector<std::string> numbered_blocks(int levels, const std::string& end) {
  std::vector<std::string> blocks{"time_embed.", "label_emb."};
  const auto add = [&](const std::string& name, int count) {
    for (int i = 0; i < count; ++i) blocks.push_back(name + "." + std::to_string(i) + end);
  };
  add("input_blocks", levels);
  add("middle_block", 3);
  add("output_blocks", levels);
  blocks.push_back("out.");
  return blocks;
}

struct ModelMergeBlocks final : BlockRatios {
  static constexpr NodeInfo kInfo{.name = "ModelMergeBlocks",
                                  .category = "advanced/model_merging",
                                  .help = "Mixes two models with a ratio for each of the three parts of the network.",
                                  .lane = Lane::kPool};
  ModelMergeBlocks() : BlockRatios({"input", "middle", "out"}) {}
};

struct ModelMergeSD1 final : BlockRatios {
  static constexpr NodeInfo kInfo{.name = "ModelMergeSD1",
                                  .category = "advanced/model_merging/model_specific",
                                  .help = "Mixes two Stable Diffusion 1.x models with a ratio for each block.",
                                  .lane = Lane::kPool};
  ModelMergeSD1() : BlockRatios(numbered_blocks(12, ".")) {}
};

struct ModelMergeSD2 final : BlockRatios {
  static constexpr NodeInfo kInfo{.name = "ModelMergeSD2",
                                  .category = "advanced/model_merging/model_specific",
                                  .help = "Mixes two Stable Diffusion 2.x models with a ratio for each block.",
                                  .lane = Lane::kPool};
  ModelMergeSD2() : BlockRatios(numbered_blocks(12, ".")) {}
};

struct ModelMergeSDXL final : BlockRatios {
  static constexpr NodeInfo kInfo{.name = "ModelMergeSDXL",
                                  .category = "advanced/model_merging/model_specific",
                                  .help = "Mixes two Stable Diffusion XL models with a ratio for each block.",
                                  .lane = Lane::kPool};
  ModelMergeSDXL() : BlockRatios(numbered_blocks(9, "")) {}
};

struct CLIPMergeSimple final : Node {
  static constexpr NodeInfo kInfo{.name = "CLIPMergeSimple",
                                  .category = "advanced/model_merging",
                                  .help = "Mixes two text encoders: ratio times the first and the rest of the second.",
                                  .lane = Lane::kPool};
  In<Clip> clip1{this, "clip1", "First text encoder."};
  In<Clip> clip2{this, "clip2", "Second text encoder."};
  In<double> ratio{this, "ratio", kRatioHelp, 1.0, between(0.0, 1.0), step(0.01)};
  Out<Clip> clip{this, "CLIP"};

  void run(RunContext& context) override { clip = merged(*clip1, *clip2, {*ratio, 1.0 - *ratio}, context); }
};

struct CLIPMergeSubtract final : Node {
  static constexpr NodeInfo kInfo{.name = "CLIPMergeSubtract",
                                  .category = "advanced/model_merging",
                                  .help = "The difference of two text encoders, for CLIPMergeAdd or LoraSave: it encodes nothing "
                                          "by itself.",
                                  .lane = Lane::kPool};
  In<Clip> clip1{this, "clip1", "Text encoder to subtract from."};
  In<Clip> clip2{this, "clip2", "Text encoder that is subtracted."};
  In<double> multiplier{this, "multiplier", kMultiplierHelp, 1.0, between(-10.0, 10.0), step(0.01)};
  Out<Clip> clip{this, "CLIP"};

  void run(RunContext& context) override { clip = merged(*clip1, *clip2, {*multiplier, -*multiplier}, context); }
};

struct CLIPMergeAdd final : Node {
  static constexpr NodeInfo kInfo{.name = "CLIPMergeAdd",
                                  .category = "advanced/model_merging",
                                  .help = "The sum of two text encoders, one of which usually is a difference from CLIPMergeSubtract.",
                                  .lane = Lane::kPool};
  In<Clip> clip1{this, "clip1", "Text encoder to add to."};
  In<Clip> clip2{this, "clip2", "Difference to add."};
  Out<Clip> clip{this, "CLIP"};

  void run(RunContext& context) override { clip = merged(*clip1, *clip2, {1.0, 1.0}, context); }
};

}  // namespace

void register_model_merging_nodes(Registry& registry) {
  registry.add<ModelMergeSimple>();
  registry.add<ModelMergeBlocks>();
  registry.add<ModelMergeSubtract>();
  registry.add<ModelMergeAdd>();
  registry.add<ModelMergeSD1>();
  registry.add<ModelMergeSD2>();
  registry.add<ModelMergeSDXL>();
  registry.add<CLIPMergeSimple>();
  registry.add<CLIPMergeSubtract>();
  registry.add<CLIPMergeAdd>();
}

}  // namespace heddle
