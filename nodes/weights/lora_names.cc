#include "nodes/weights/lora_names.h"

#include <algorithm>
#include <optional>

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
constexpr Form kAllTextNames[] = {
    {"text_encoders.clip_l.transformer.", Style::kDotted},
};
constexpr Form kLayerTextNames[] = {
    // of attention and feed-forward layers only
    {"lora_te_", Style::kUnderscored},
    {"lora_te1_", Style::kUnderscored},
    {"text_encoder.", Style::kDotted},
};

constexpr std::string_view kTextPrefixes[] = {
    "lora_te",         "lora_prior_te_",  "text_encoder.",
    "text_encoder_2.", "text_encoder_3.", "text_encoders.",
};

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
  template <size_t N>
  void add(const Form (&forms)[N], PartKind part, const std::string& named,
           const std::string& weight) {
    const auto module = without_weight(named);
    if (!module) return;
    for (const Form& form : forms) {
      targets_.emplace(std::string(form.prefix) + in_style(*module, form.style),
                       LoraTarget{part, weight});
    }
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
  }
  for (const auto& [name, diffusers] : diffusers_names(unet)) {
    targets.add(kDiffusersUNetNames, PartKind::kUNet, diffusers, name);
  }
}

void add_text(Targets& targets, PartKind part, const NamesAndShapes& text) {
  for (const auto& [name, shape] : text) {
    targets.add(kAllTextNames, part, name, name);
    if (is_trained_layer(name)) targets.add(kLayerTextNames, part, name, name);
  }
}

}  // namespace

std::unordered_map<std::string, LoraTarget> lora_targets(const PartShapes& model) {
  Targets targets;
  for (const auto& [part, weights] : model) {
    if (part == PartKind::kUNet) add_unet(targets, weights);
    if (is_text_encoder(part)) add_text(targets, part, weights);
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
