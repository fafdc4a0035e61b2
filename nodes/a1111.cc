// AUTOMATIC1111's prompts as conditioning.
#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>

#include "engine/folders.h"
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/a1111_parameters.h"
#include "nodes/a1111_tags.h"
#include "nodes/diffusion/a1111_encode.h"
#include "nodes/diffusion/a1111_prompt.h"
#include "nodes/embeddings.h"
#include "nodes/encode_text.h"
#include "nodes/families.h"
#include "nodes/heartbeat.h"
#include "nodes/lora_apply.h"

namespace heddle {
namespace {

namespace a1111 = diffusion::a1111;
using diffusion::Conditioning;
using diffusion::ConditioningEntry;

constexpr const char* kEmbeddings = "embeddings";

// Without blanks and capitals, which names and prompts need not agree on.
std::string comparable(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') continue;
    result += c >= 'A' && c <= 'Z' ? char(c + ('a' - 'A')) : c;
  }
  return result;
}

// The files of embeddings whose names stand in the text.
std::vector<std::string> named_embeddings(const std::string& text, const Folders& folders) {
  const std::string searched = comparable(text);
  std::vector<std::string> files = folders.list(kEmbeddings);
  std::erase_if(files, [&](const std::string& file) {
    const std::string name = comparable(std::filesystem::path(file).stem().string());
    return name.empty() || searched.find(name) == searched.npos;
  });
  return files;
}

// The files of LoRAs that tags name; a wrong tag is reported when the step runs.
std::vector<std::string> tagged_loras(const std::string& text, const Folders& folders) {
  std::vector<std::string> files;
  const std::vector<std::string> known = folders.list(LoraFile::kFolder);
  for (const A1111Tag& tag : split_a1111_tags(text).tags) {
    if (!is_lora(tag)) continue;
    try {
      files.push_back(find_lora(tag.name, known));
    } catch (const std::invalid_argument&) {
      continue;
    }
  }
  return files;
}

bool has_hypernetwork(const std::string& name, const Folders& folders) {
  const std::vector<std::string> files = folders.list("hypernetworks");
  return std::any_of(files.begin(), files.end(), [&](const std::string& file) {
    const std::filesystem::path path(file);
    return path.stem() == name || (path.parent_path() / path.stem()).generic_string() == name;
  });
}

// LoRAs are taken; of a hypernetwork or anything else it is said that it does nothing.
std::vector<LoraTag> loras_of(const std::vector<A1111Tag>& tags, const RunContext& context) {
  std::vector<LoraTag> loras;
  for (const A1111Tag& tag : tags) {
    if (is_lora(tag)) {
      loras.push_back(lora_of(tag));
    } else if (tag.kind == "hypernet" && has_hypernetwork(tag.name, *context.folders)) {
      throw std::runtime_error("the text asks for a hypernetwork by " + tag.text +
                               ": load it by a node of its own and take the tag out");
    } else {
      context.warn(tag.text + " is taken out of the text and does nothing: " +
                   (tag.kind == "hypernet" ? "there is no hypernetwork of that name" : "heddle knows no such tag"));
    }
  }
  return loras;
}

/// Encodes texts with all encoders of a CLIP.
class Encoder {
 public:
  Encoder(const Clip& clip, std::vector<std::string> names, RunContext& context)
      : clip_(clip), names_(std::move(names)), context_(context), heartbeat_(heartbeat_of(context)) {
    require_encoders(clip);
  }

  ConditioningEntry encode(const std::string& text) {
    const std::vector<a1111::Fragment> fragments = a1111::parse_emphasis(text);
    std::vector<diffusion::EncodedText> encoded;  // embeddings may give one encoder a chunk more
    for (const TextEncoder& encoder : clip_.encoders) {
      encoded.push_back(encode(*encoder.network->get(heartbeat_), fragments));
    }
    return join_encoders(encoded);
  }

 private:
  diffusion::EncodedText encode(const diffusion::ClipText& network, const std::vector<a1111::Fragment>& fragments) {
    const diffusion::FindEmbedding find = embedding_finder(*context_.folders, network);
    diffusion::TokenChunks tokens = a1111::make_chunks(fragments, network.kind().pad, {names_, find});
    for (const std::string& name : tokens.misfits) {
      context_.warn("the embedding \"" + name + "\" is for another text encoder; its name is read as words");
    }
    return a1111::encode(network, std::move(tokens), clip_.layer, heartbeat_);
  }

  const Clip& clip_;
  std::vector<std::string> names_;  // of embeddings
  RunContext& context_;
  diffusion::Heartbeat heartbeat_;
};

std::vector<std::string> stems(const std::vector<std::string>& files) {
  std::vector<std::string> names;
  for (const std::string& file : files) names.push_back(std::filesystem::path(file).stem().string());
  return names;
}

struct CLIPTextEncodeA1111 final : Node {
  static constexpr NodeInfo kInfo{
      .name = "CLIPTextEncodeA1111",
      .category = "conditioning",
      .help =
          "Encodes a prompt as AUTOMATIC1111's program reads it: (word:1.2), [word], [a:b:0.5], [a|b], AND, BREAK, "
          "<lora:name:0.8>, embeddings by name.",
      .display_name = "CLIP Text Encode (AUTOMATIC1111)"};
  In<std::string> text{this,
                       "text",
                       "What the picture should show, or avoid.",
                       kMultiline,
                       Mentions{kEmbeddings, named_embeddings},
                       Mentions{std::string(LoraFile::kFolder), tagged_loras}};
  In<Clip> clip{this, "clip", "Text encoder."};
  In<int64_t> steps{this, "steps",           "As many as the sampler runs; counts for [a:b:10] and [a|b] only.",
                    20,   between(1, 10000), kOptional};
  In<bool> negative{this, "negative",
                    "Reads a negative prompt: AND, a weight at the very end and <lora:...> are plain words there.",
                    false, kOptional};
  In<Model> model{this, "model", "Model for the <lora:...> tags of the text.", kOptional};
  In<int64_t> steps_before{
      this,
      "steps_before",
      "For a second pass at a higher resolution: the steps of the first, from which [a:b:10] counts on.",
      0,
      between(0, 10000),
      kOptional};
  Out<Conditioning> conditioning{this, "CONDITIONING", "The encoded text."};
  Out<Model> patched_model{this, "MODEL", "The model with the LoRAs of the text, for the sampler."};
  Out<Clip> patched_clip{this, "CLIP", "The text encoder with the LoRAs of the text, for the negative prompt."};

  void run(RunContext& context) override {
    if (text->find("embedding:") != std::string::npos) {
      context.warn("\"embedding:\" is read as a word; here an embedding is written by its name alone");
    }
    const bool is_negative = negative.given() && *negative;
    const std::string plain = apply_tags(is_negative, context);
    Encoder encoder(clip_with_loras_, stems(named_embeddings(*text, *context.folders)), context);
    std::vector<a1111::WeightedPrompt> prompts{{plain, 1}};
    if (!is_negative) prompts = a1111::split_prompts(plain);
    if (prompts.size() == 1 && prompts[0].weight != 1) {
      context.warn("the number behind the last colon of the text is its weight, as with AND");
    }
    conditioning = encode(prompts, encoder);
    patched_clip = std::move(clip_with_loras_);
  }

 private:
  // The text without tags; their LoRAs are on the outputs.
  std::string apply_tags(bool is_negative, RunContext& context) {
    clip_with_loras_ = *clip;
    A1111Tags tagged = split_a1111_tags(*text);
    if (is_negative && !tagged.tags.empty()) {
      context.warn(tagged.tags[0].text + " does nothing in a negative prompt: it is read as words");
      tagged = {*text, {}};
    }
    const std::vector<LoraTag> loras = loras_of(tagged.tags, context);
    if (!loras.empty() && !model.given()) {
      throw std::runtime_error("the text asks for the LoRA \"" + loras[0].name +
                               "\": link the model to this step, and its MODEL to the sampler");
    }
    if (!loras.empty()) {
      Patched patched = add_tagged_loras(*model, *clip, loras, context);
      patched_model = std::move(patched.model);
      clip_with_loras_ = std::move(*patched.clip);
    } else if (model.given()) {
      patched_model = model.shared();
    } else {
      patched_model = absent_model();
    }
    return std::move(tagged.text);
  }

  // One entry a prompt and a distinct text of its schedule.
  Conditioning encode(const std::vector<a1111::WeightedPrompt>& prompts, Encoder& encoder) const {
    const a1111::StepCount count{steps.given() ? int(*steps) : 20, steps_before.given() ? int(*steps_before) : 0};
    const bool composes = prompts.size() > 1 || prompts[0].weight != 1;
    Conditioning entries;
    for (const a1111::WeightedPrompt& prompt : prompts) {
      const std::vector<a1111::Variant> variants = a1111::schedule_prompt(prompt.text, count);
      for (const a1111::Variant& variant : variants) {
        entries.push_back(encoder.encode(variant.text));
        if (variants.size() > 1) entries.back().steps = variant.steps;
        if (composes) entries.back().composes = prompt.weight;
      }
    }
    return entries;
  }

  Clip clip_with_loras_;
};

}  // namespace

void register_a1111_nodes(Registry& registry) {
  registry.add<CLIPTextEncodeA1111>();
  registry.add_picture_text("parameters", read_a1111_parameters);
}

}  // namespace heddle
