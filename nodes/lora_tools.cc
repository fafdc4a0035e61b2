// Making LoRA files: out of the difference of two models, and out of other LoRA files.
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/save_tensors.h"
#include "nodes/values.h"
#include "nodes/weights/lora_extract.h"
#include "nodes/weights/model_file_write.h"

namespace heddle {
namespace {

constexpr const char* kPrefixHelp = "Start of the file name; folders and %date% words are understood.";

// The difference as its network would hold it, and what stems of it begin with.
struct Part {
  std::shared_ptr<const diffusion::Weights> weights;
  std::string prefix;
};

Part part_of(const PatchedPart& part, bool half, std::string prefix) {
  return {weights::part_weights(part.file, part.part, half, part.patches), std::move(prefix)};
}

struct LoraSave final : Node {
  static constexpr NodeInfo kInfo{.name = "LoraSave",
                                  .category = "_for_testing",
                                  .help = "Saves the difference of two models, as ModelMergeSubtract and CLIPMergeSubtract give "
                                          "it, as a LoRA of a chosen rank: the nearest to it that there is.",
                                  .display_name = "Extract and Save Lora",
                                  .is_output = true};
  In<std::string> filename_prefix{this, "filename_prefix", kPrefixHelp, "loras/ComfyUI_extracted_lora"};
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
    if (model_diff.given()) parts.push_back(part_of(model_diff->weights, false, "diffusion_model."));
    if (text_encoder_diff.given()) {
      for (const TextEncoder& encoder : text_encoder_diff->encoders) {
        const std::string key = weights::encoder_key(encoder.weights.part.kind);
        parts.push_back(part_of(encoder.weights, true, "text_encoders." + key + ".transformer."));
      }
    }
    if (parts.empty()) throw std::runtime_error("nothing to save: link model_diff, text_encoder_diff or both");
    return parts;
  }
};

}  // namespace

void register_lora_tool_nodes(Registry& registry) {
  registry.add<LoraSave>();
}

}  // namespace heddle
