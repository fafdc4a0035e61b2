// Text to conditioning.
#include "engine/folders.h"
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/embeddings.h"
#include "nodes/encode_text.h"
#include "nodes/families.h"
#include "nodes/lora_tags.h"
#include "nodes/values.h"

namespace heddle {
namespace {

using diffusion::Conditioning;

void warn_of_lora_tags(const std::string& text, RunContext& context) {
  if (!has_lora_tag(text)) return;
  context.warn("the text holds a <lora:...> tag, which this node takes as plain words; put LoraTags before it");
}

struct CLIPEncode final : Node {
  static constexpr NodeInfo kInfo{.name = "CLIPEncode",
                                  .category = "conditioning",
                                  .help = "Encodes a prompt: (word:1.2) weighs, embedding:name inserts an embedding.",
                                  .display_name = "CLIP Text Encode (Prompt)",
                                  .aliases = {{{"CLIPTextEncode", "CLIP Text Encode (Prompt)"}}}};
  In<std::string> text{this, "text", "What the picture should show.", kMultiline, kDynamicPrompts,
                       Mentions{"embeddings", mentioned_embeddings}};
  In<Clip> clip{this, "clip", "Text encoder."};
  Out<Conditioning> conditioning{this, "CONDITIONING", "The encoded text."};

  void run(RunContext& context) override {
    warn_of_lora_tags(text, context);
    conditioning = Conditioning{encode_text(*clip, text, context)};
  }
};

struct CLIPSetLastLayer final : Node {
  static constexpr NodeInfo kInfo{.name = "CLIPSetLastLayer",
                                  .category = "conditioning",
                                  .help = "Takes the text encoder's output from an earlier layer (\"clip skip\").",
                                  .display_name = "CLIP Set Last Layer"};
  In<Clip> clip{this, "clip", "Text encoder."};
  In<int64_t> stop_at_clip_layer{this, "stop_at_clip_layer", "-1: the last layer, -2: the one before...", -1,
                                 between(-24, -1), step(1)};
  Out<Clip> result{this, "CLIP"};

  void run(RunContext&) override {
    Clip changed = *clip;
    changed.layer = int(*stop_at_clip_layer);
    result = std::move(changed);
  }
};

const Range kPixels = between(0, 16384);

// A prompt with fewer chunks for one encoder gets empty ones there, so that nothing of the other is cut.
void pad_chunks(diffusion::TokenChunks& tokens, const diffusion::TokenChunks& other, const TextEncoder& encoder,
                const RunContext& context) {
  if (tokens.chunks.size() >= other.chunks.size()) return;
  const diffusion::TokenChunks empty = tokenize(encoder, "", context);
  tokens.chunks.resize(other.chunks.size(), empty.chunks.at(0));
}

struct CLIPTextEncodeSDXL final : Node {
  static constexpr NodeInfo kInfo{.name = "CLIPTextEncodeSDXL",
                                  .category = "advanced/conditioning",
                                  .help = "Encodes a prompt for SDXL, with a text for each of its encoders and with the sizes that "
                                          "its training told it of."};
  In<Clip> clip{this, "clip", "Text encoders of SDXL."};
  In<int64_t> width{this, "width", "Width of the picture before cropping, in pixels.", 1024, kPixels};
  In<int64_t> height{this, "height", "Height of the picture before cropping, in pixels.", 1024, kPixels};
  In<int64_t> crop_w{this, "crop_w", "Pixels cut off at the left.", 0, kPixels};
  In<int64_t> crop_h{this, "crop_h", "Pixels cut off at the top.", 0, kPixels};
  In<int64_t> target_width{this, "target_width", "Width after cropping, in pixels.", 1024, kPixels};
  In<int64_t> target_height{this, "target_height", "Height after cropping, in pixels.", 1024, kPixels};
  In<std::string> text_g{this, "text_g", "Text for the larger encoder, OpenCLIP-G.", kMultiline, kDynamicPrompts,
                         Mentions{"embeddings", mentioned_embeddings}};
  In<std::string> text_l{this, "text_l", "Text for the smaller encoder, CLIP-L.", kMultiline, kDynamicPrompts,
                         Mentions{"embeddings", mentioned_embeddings}};
  Out<Conditioning> conditioning{this, "CONDITIONING", "The encoded text."};

  void run(RunContext& context) override {
    for (const std::string* text : {&*text_g, &*text_l}) warn_of_lora_tags(*text, context);
    const TextEncoder& encoder_l = encoder_of(*clip, weights::PartKind::kClipL);
    const TextEncoder& encoder_g = encoder_of(*clip, weights::PartKind::kClipG);
    diffusion::TokenChunks l = tokenize(encoder_l, text_l, context), g = tokenize(encoder_g, text_g, context);
    pad_chunks(l, g, encoder_l, context);
    pad_chunks(g, l, encoder_g, context);
    diffusion::ConditioningEntry entry = encode_tokens(*clip, {std::move(l), std::move(g)}, context);
    entry.facts = {.height = double(*height),
                   .width = double(*width),
                   .crop_y = double(*crop_h),
                   .crop_x = double(*crop_w),
                   .target_height = double(*target_height),
                   .target_width = double(*target_width),
                   .aesthetic_score = std::nullopt};
    conditioning = Conditioning{std::move(entry)};
  }
};

struct CLIPTextEncodeSDXLRefiner final : Node {
  static constexpr NodeInfo kInfo{.name = "CLIPTextEncodeSDXLRefiner",
                                  .category = "advanced/conditioning",
                                  .help = "Encodes a prompt for SDXL's refiner, with the size and the score that its training told it of."};
  In<double> ascore{this, "ascore", "How well the picture is liked; 6 is usual for a prompt, 2.5 for a negative one.", 6.0,
                    between(0.0, 1000.0), step(0.01)};
  In<int64_t> width{this, "width", "Width of the picture, in pixels.", 1024, kPixels};
  In<int64_t> height{this, "height", "Height of the picture, in pixels.", 1024, kPixels};
  In<std::string> text{this, "text", "What the picture should show.", kMultiline, kDynamicPrompts,
                       Mentions{"embeddings", mentioned_embeddings}};
  In<Clip> clip{this, "clip", "Text encoder of the refiner."};
  Out<Conditioning> conditioning{this, "CONDITIONING", "The encoded text."};

  void run(RunContext& context) override {
    warn_of_lora_tags(text, context);
    diffusion::ConditioningEntry entry = encode_text(*clip, text, context);
    entry.facts.height = double(*height);
    entry.facts.width = double(*width);
    entry.facts.aesthetic_score = ascore;
    conditioning = Conditioning{std::move(entry)};
  }
};

}  // namespace

void register_conditioning_nodes(Registry& registry) {
  registry.add<CLIPEncode>();
  registry.add<CLIPSetLastLayer>();
  registry.add<CLIPTextEncodeSDXL>();
  registry.add<CLIPTextEncodeSDXLRefiner>();
}

}  // namespace heddle
