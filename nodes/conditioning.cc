// Text to conditioning.
#include <ATen/ATen.h>

#include "engine/folders.h"
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/embeddings.h"
#include "nodes/families.h"
#include "nodes/heartbeat.h"
#include "nodes/lora_tags.h"
#include "nodes/values.h"

namespace heddle {
namespace {

using diffusion::Conditioning;

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
    if (has_lora_tag(*text)) {
      context.warn("the text holds a <lora:...> tag, which this node takes as plain words; put LoraTags before it");
    }
    const diffusion::Heartbeat heartbeat = heartbeat_of(context);
    const auto network = clip->encoders.at(0).network->get(heartbeat);
    const diffusion::TokenChunks tokens =
        diffusion::tokenize_prompt(*text, network->kind().pad, embedding_finder(*context.folders, *network));
    for (const std::string& name : tokens.missing) {
      context.warn("there is no embedding \"" + name + "\"; the prompt goes on without it");
    }
    for (const std::string& name : tokens.misfits) {
      context.warn("the embedding \"" + name + "\" is for another text encoder; the prompt goes on without it");
    }
    const diffusion::EncodedText encoded = network->encode(tokens, clip->layer, heartbeat);
    conditioning = Conditioning{{.cross_attention = encoded.hidden, .pooled = encoded.pooled}};
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

}  // namespace

void register_conditioning_nodes(Registry& registry) {
  registry.add<CLIPEncode>();
  registry.add<CLIPSetLastLayer>();
}

}  // namespace heddle
