// Making LoRA files: out of the difference of two models, and out of other LoRA files.
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/part_to_save.h"
#include "nodes/save_tensors.h"
#include "nodes/values.h"
#include "nodes/weights/lora_extract.h"
#include "nodes/weights/lora_merge.h"

namespace heddle {
namespace {

constexpr const char* kLoraPrefixHelp = "Start of the file name; folders and %date% words are understood.";

// The difference as its network would hold it, and what stems of it begin with.
struct Part {
  std::shared_ptr<const diffusion::Weights> weights;
  std::string prefix;
};

Part part_of(const PatchedPart& part, std::string prefix) { return {to_save(part).weights(), std::move(prefix)}; }

struct LoraSave final : Node {
  static constexpr NodeInfo kInfo{.name = "LoraSave",
                                  .category = "_for_testing",
                                  .help = "Saves the difference of two models, as ModelMergeSubtract and CLIPMergeSubtract give "
                                          "it, as a LoRA of a chosen rank: the nearest to it that there is.",
                                  .display_name = "Extract and Save Lora",
                                  .is_output = true};
  In<std::string> filename_prefix{this, "filename_prefix", kLoraPrefixHelp, "loras/ComfyUI_extracted_lora"};
  In<int64_t> rank{this, "rank", "Higher is nearer to the difference, and a larger file.", 8, between(1, 4096), step(1)};
  In<Choice> lora_type{this, "lora_type", "standard: two thin matrices a weight; full_diff: the whole difference.",
                       one_of({"standard", "full_diff"})};
  In<bool> bias_diff{this, "bias_diff", "Keep the differences of biases and norms too.", true};
  In<Model> model_diff{this, "model_diff", "Difference of two models.", kOptional};
  In<Clip> text_encoder_diff{this, "text_encoder_diff", "Difference of two text encoders.", kOptional};

  void run(RunContext& context) override {
    const weights::ExtractOptions options{.rank = *rank, .whole = *lora_type == "full_diff", .biases = *bias_diff};
    weights::TensorsToWrite tensors;
    for (const Part& part : parts()) {
      tensors.merge(weights::extracted_lora(part.weights, part.prefix, options, [&](int done, int total) {
        context.check_cancelled();
        context.progress(done, total);
      }));
    }
    if (tensors.empty()) throw std::runtime_error("the difference is zero everywhere: there is nothing to make a LoRA of");
    save_tensors(tensors, {}, *filename_prefix, context);
  }

 private:
  std::vector<Part> parts() const {
    std::vector<Part> parts;
    if (model_diff.given()) parts.push_back(part_of(model_diff->weights, "diffusion_model."));
    if (text_encoder_diff.given()) {
      for (const TextEncoder& encoder : text_encoder_diff->encoders) {
        const std::string key = weights::encoder_key(encoder.weights.part.kind);
        parts.push_back(part_of(encoder.weights, "text_encoders." + key + ".transformer."));
      }
    }
    if (parts.empty()) throw std::runtime_error("nothing to save: link model_diff, text_encoder_diff or both");
    return parts;
  }
};

constexpr const char* kFileHelp = "LoRA file to merge.";
constexpr const char* kStrengthHelp = "How strongly this LoRA counts; may be negative.";

struct LoraMerge final : Node {
  static constexpr NodeInfo kInfo{.name = "LoraMerge",
                                  .category = "advanced/model_merging",
                                  .help = "Saves several LoRAs as one that does what they do one after the other. A saved one "
                                          "can be merged again.",
                                  .display_name = "Merge LoRAs",
                                  .is_output = true,
                                  .lane = Lane::kPool};
  In<std::string> filename_prefix{this, "filename_prefix", kLoraPrefixHelp, "loras/merged"};
  In<Choice> method{this, "method",
                    "concatenate: exact, the ranks add up; svd: the nearest of the given rank, for a smaller file.",
                    one_of({"concatenate", "svd"})};
  In<int64_t> rank{this, "rank", "Highest rank of a weight with svd.", 32, between(1, 4096), step(1)};
  In<LoraFile> lora_1{this, "lora_1", kFileHelp};
  In<double> strength_1{this, "strength_1", kStrengthHelp, 1.0, between(-100.0, 100.0), step(0.01)};
  In<LoraFile> lora_2{this, "lora_2", kFileHelp, kOptional};
  In<double> strength_2{this, "strength_2", kStrengthHelp, 1.0, between(-100.0, 100.0), step(0.01), kOptional};
  In<LoraFile> lora_3{this, "lora_3", kFileHelp, kOptional};
  In<double> strength_3{this, "strength_3", kStrengthHelp, 1.0, between(-100.0, 100.0), step(0.01), kOptional};
  In<LoraFile> lora_4{this, "lora_4", kFileHelp, kOptional};
  In<double> strength_4{this, "strength_4", kStrengthHelp, 1.0, between(-100.0, 100.0), step(0.01), kOptional};

  void run(RunContext& context) override {
    const bool is_svd = *method == "svd";
    const weights::MergedLora merged =
        weights::merge_loras(loras(), is_svd ? std::optional<int64_t>(*rank) : std::nullopt, [&](int done, int total) {
          context.check_cancelled();
          context.progress(done, total);
        });
    if (!merged.left_out.empty()) {
      context.warn(std::to_string(merged.left_out.size()) + " keys change no weight and are not in the merged LoRA, the first is " +
                   merged.left_out[0]);
    }
    save_tensors(merged.tensors, {}, *filename_prefix, context);
  }

 private:
  std::vector<weights::LoraToMerge> loras() const {
    const std::pair<const In<LoraFile>*, const In<double>*> inputs[] = {
        {&lora_1, &strength_1}, {&lora_2, &strength_2}, {&lora_3, &strength_3}, {&lora_4, &strength_4}};
    std::vector<weights::LoraToMerge> loras;
    for (const auto& [file, strength] : inputs) {
      if (file->given()) loras.push_back({weights::TensorFile::open((*file)->path), strength->given() ? **strength : 1.0});
    }
    return loras;
  }
};

}  // namespace

void register_lora_tool_nodes(Registry& registry) {
  registry.add<LoraSave>();
  registry.add<LoraMerge>();
}

}  // namespace heddle
