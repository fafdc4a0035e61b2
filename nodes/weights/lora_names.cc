#include "nodes/weights/lora_names.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <vector>

#include "nodes/weights/unet_names.h"

namespace heddle::weights {
namespace {

enum class Style {
  kDotted,       // as the network has it
  kUnderscored,  // dots become underscores
  kProcessor,    // diffusers' attention processors: `.to_q` is `.processor.to_q`, `.to_out.0` is
                 // `.processor.to_out`
};

struct Form {
  std::string_view prefix;
  Style style;
};
constexpr Form kOriginalUNetNames[] = {
    {"lora_unet_", Style::kUnderscored},
    {"diffusion_model.", Style::kDotted},
};
constexpr Form kDiffusersUNetNames[] = {
    {"lora_unet_", Style::kUnderscored},
    {"lycoris_", Style::kUnderscored},
    {"", Style::kProcessor},
    {"unet.", Style::kProcessor},
};
// What a text encoder is called: for all of its weights, for its attention and feed-forward layers,
// and for its projection.
struct TextNames {
  Form all;
  std::vector<Form> layers;
  std::vector<std::string_view> projection;
};
TextNames text_names(PartKind kind, bool beside_clip_l) {
  if (kind == PartKind::kClipG && beside_clip_l) {
    return {{"text_encoders.clip_g.transformer.", Style::kDotted},
            {{"lora_te2_", Style::kUnderscored}, {"text_encoder_2.", Style::kDotted}},
            {"lora_te2_text_projection", "lora_prior_te_text_projection"}};
  }
  if (kind == PartKind::kClipG) {
    return {{"text_encoders.clip_g.transformer.", Style::kDotted},
            {{"lora_te_", Style::kUnderscored},
             {"lora_prior_te_", Style::kUnderscored},
             {"text_encoder.", Style::kDotted}},
            {"lora_te2_text_projection", "lora_prior_te_text_projection"}};
  }
  const char* all = kind == PartKind::kClipH ? "text_encoders.clip_h.transformer."
                                             : "text_encoders.clip_l.transformer.";
  std::vector<std::string_view> projection;
  if (kind == PartKind::kClipL) projection = {"lora_te1_text_projection"};
  return {{all, Style::kDotted},
          {{"lora_te_", Style::kUnderscored},
           {"lora_te1_", Style::kUnderscored},
           {"text_encoder.", Style::kDotted}},
          std::move(projection)};
}

constexpr std::string_view kTextPrefixes[] = {
    "lora_te",         "lora_prior_te_",  "text_encoder.",
    "text_encoder_2.", "text_encoder_3.", "text_encoders.",
};

const std::string kProjection = "text_projection.weight";

std::string in_style(std::string name, Style style) {
  if (style == Style::kUnderscored) std::replace(name.begin(), name.end(), '.', '_');
  if (style != Style::kProcessor) return name;
  for (size_t at = name.find(".to_"); at != std::string::npos;) {
    name.replace(at, 4, ".processor.to_");
    at = name.find(".to_", at + 14);
  }
  if (name.ends_with(".to_out.0")) name.resize(name.size() - 2);
  return name;
}

std::optional<std::string> without_weight(const std::string& name) {
  constexpr std::string_view kWeight = ".weight";
  if (!name.ends_with(kWeight)) return std::nullopt;
  return name.substr(0, name.size() - kWeight.size());
}

class Targets {
 public:
  // `named`: what the weight is called before the form is given to it.
  template <typename Forms>
  void add(const Forms& forms, PartKind part, const std::string& named, const std::string& weight) {
    const auto module = without_weight(named);
    if (!module) return;
    for (const Form& form : forms)
      add(std::string(form.prefix) + in_style(*module, form.style), part, weight);
  }
  void add(const std::string& stem, PartKind part, const std::string& weight) {
    targets_.emplace(stem, LoraTarget{part, weight});
  }
  std::unordered_map<std::string, LoraTarget> take() { return std::move(targets_); }

 private:
  std::unordered_map<std::string, LoraTarget> targets_;
};

bool is_trained_layer(const std::string& text_name) {
  return text_name.find(".mlp.") != std::string::npos ||
         text_name.find(".self_attn.") != std::string::npos;
}

void add_unet(Targets& targets, const NamesAndShapes& unet) {
  for (const auto& [name, shape] : unet) {
    targets.add(kOriginalUNetNames, PartKind::kUNet, name, name);
    if (!without_weight(name)) targets.add("diffusion_model." + name, PartKind::kUNet, name);
  }
  for (const auto& [name, diffusers] : diffusers_names(unet)) {
    targets.add(kDiffusersUNetNames, PartKind::kUNet, diffusers, name);
  }
}

// CLIP-L has a projection in ComfyUI alone: no file holds it and nothing reads it, so that a change
// of it is known and has no effect.
void add_text(Targets& targets, PartKind part, const NamesAndShapes& text, const TextNames& names) {
  for (const auto& [name, shape] : text) {
    targets.add(std::initializer_list<Form>{names.all}, part, name, name);
    if (is_trained_layer(name)) targets.add(names.layers, part, name, name);
  }
  const std::string projection = text.contains(kProjection) ? kProjection : "";
  for (const std::string_view stem : names.projection)
    targets.add(std::string(stem), part, projection);
}

}  // namespace

std::unordered_map<std::string, LoraTarget> lora_targets(const PartShapes& model) {
  Targets targets;
  for (const auto& [part, weights] : model) {
    if (part == PartKind::kUNet) add_unet(targets, weights);
    if (is_text_encoder(part)) {
      add_text(targets, part, weights, text_names(part, model.contains(PartKind::kClipL)));
    }
  }
  return targets.take();
}

LoraSide side_of_key(std::string_view key) {
  for (const std::string_view prefix : kTextPrefixes) {
    if (key.starts_with(prefix)) return LoraSide::kText;
  }
  return LoraSide::kUNet;
}

}  // namespace heddle::weights
