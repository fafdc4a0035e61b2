#include "nodes/weights/lora_family.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace heddle::weights {
namespace {

// Parts of keys that one family has. Deep transformers are SDXL's: the blocks of other U-Nets stop
// at 0.
struct KeySign {
  std::string_view part;
  Family family;
  const char* name = nullptr;  // where `family` is unknown
};
constexpr KeySign kKeySigns[] = {
    {"double_blocks", Family::kUnknown, "Flux"},
    {"single_blocks", Family::kUnknown, "Flux"},
    {"single_transformer_blocks", Family::kUnknown, "Flux"},
    {"joint_blocks", Family::kUnknown, "Stable Diffusion 3"},
    {"transformer.transformer_blocks", Family::kUnknown, "Stable Diffusion 3"},
    {"lora_transformer_", Family::kUnknown, "a diffusion transformer"},
    {"lora_prior_", Family::kUnknown, "Stable Cascade"},
    {"diffusion_model.blocks.", Family::kUnknown, "Wan"},
    {"motion_modules", Family::kUnknown, "AnimateDiff"},
    {"lora_te2_", Family::kSdxl},
    {"text_encoder_2.", Family::kSdxl},
    {"_1_transformer_blocks_1_", Family::kSdxl},
    {".1.transformer_blocks.1.", Family::kSdxl},
    {"_attentions_0_transformer_blocks_1_", Family::kSdxl},
    {".attentions.0.transformer_blocks.1.", Family::kSdxl},
};

// The first and last level have attention in SD 1 and SD 2 alone.
constexpr const char* kSd1OrSd2 = "Stable Diffusion 1.x or 2.x";
constexpr std::string_view kFirstLevelSigns[] = {
    "down_blocks_0_attentions", "down_blocks.0.attentions", "up_blocks_3_attentions",
    "up_blocks.3.attentions",   "_input_blocks_1_1_",       ".input_blocks.1.1.",
    "_output_blocks_11_1_",     ".output_blocks.11.1.",
};

struct Width {
  int64_t width;
  Family family;
};
constexpr Width kContextWidths[] = {
    {768, Family::kSd1}, {1024, Family::kSd2}, {2048, Family::kSdxl}, {1280, Family::kSdxlRefiner}};

struct Claim {
  std::string_view part;
  Family family;
  const char* name = nullptr;
};
constexpr std::string_view kClaimingMetadata[] = {"modelspec.architecture",
                                                  "ss_base_model_version"};
constexpr Claim kClaims[] = {
    {"stable-diffusion-xl", Family::kSdxl},
    {"sdxl", Family::kSdxl},
    {"stable-diffusion-v2", Family::kSd2},
    {"sd_v2", Family::kSd2},
    {"stable-diffusion-v1", Family::kSd1},
    {"sd_v1", Family::kSd1},
    {"flux", Family::kUnknown, "Flux"},
    {"stable-diffusion-3", Family::kUnknown, "Stable Diffusion 3"},
};

constexpr std::string_view kReadsText[] = {"attn2_to_k", "attn2.to_k", "attn2.processor.to_k",
                                           "attn2_to_v", "attn2.to_v", "attn2.processor.to_v"};

constexpr std::string_view kDownEndings[] = {
    ".lora_down.weight",     "_lora.down.weight", ".lora_A.weight",
    ".lora.down.weight",     ".lora_A",           ".lora_linear_layer.down.weight",
    ".lora_A.default.weight"};

bool reads_text(const std::string& stem) {
  for (const std::string_view module : kReadsText) {
    if (stem.ends_with(module)) return true;
  }
  return false;
}

bool is_of_first_level(const std::string& stem) {
  return std::any_of(std::begin(kFirstLevelSigns), std::end(kFirstLevelSigns),
                     [&](std::string_view sign) { return stem.find(sign) != std::string::npos; });
}

// The shape of the first down matrix whose stem `is_meant`.
template <typename IsMeant>
std::optional<std::vector<int64_t>> down_shape(const TensorFile& lora, IsMeant is_meant) {
  for (const auto& [key, info] : lora.tensors()) {
    for (const std::string_view ending : kDownEndings) {
      if (!key.ends_with(ending)) continue;
      if (is_meant(key.substr(0, key.size() - ending.size()))) return info.shape;
    }
  }
  return std::nullopt;
}

// The width of the text that the U-Net listens to.
std::optional<int64_t> context_width(const TensorFile& lora) {
  const auto shape = down_shape(lora, reads_text);
  if (!shape || shape->size() != 2) return std::nullopt;
  return (*shape)[1];  // [rank, width]
}

// Transformers are entered by convolutions in SD 1 and by matrices in SD 2.
FamilyGuess guess_from_projections(const TensorFile& lora, const FamilyGuess& by_keys) {
  if (by_keys.name != kSd1OrSd2) return by_keys;
  const auto shape = down_shape(lora, [](const std::string& stem) {
    return is_of_first_level(stem) && (stem.ends_with("proj_in") || stem.ends_with("proj_out"));
  });
  if (!shape) return by_keys;
  return shape->size() == 4 ? guess_of(Family::kSd1, by_keys.reason + ", and convolutions there")
                            : guess_of(Family::kSd2, by_keys.reason + ", and matrices there");
}

FamilyGuess guess_from_width(const TensorFile& lora) {
  const auto width = context_width(lora);
  if (!width) return {};
  const std::string reason = "its cross-attention is " + std::to_string(*width) + " wide";
  for (const Width& row : kContextWidths) {
    if (row.width == *width) return guess_of(row.family, reason);
  }
  return {Family::kUnknown, "", reason};
}

FamilyGuess guess_from_metadata(const TensorFile& lora) {
  for (const std::string_view name : kClaimingMetadata) {
    const auto found = lora.metadata().find(std::string(name));
    if (found == lora.metadata().end()) continue;
    for (const Claim& claim : kClaims) {
      if (found->second.find(claim.part) == std::string::npos) continue;
      const std::string reason = "its metadata says " + in_quotes(found->second);
      if (claim.name) return {claim.family, claim.name, reason};
      return guess_of(claim.family, reason);
    }
  }
  return {};
}

std::vector<std::string> keys_of(const TensorFile& lora) {
  std::vector<std::string> keys;
  for (const auto& [key, info] : lora.tensors()) keys.push_back(key);
  return keys;
}

std::optional<std::string> key_with(const std::vector<std::string>& keys, std::string_view part) {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const std::string& key) {
    return key.find(part) != std::string::npos;
  });
  return found == keys.end() ? std::nullopt : std::optional(*found);
}

}  // namespace

FamilyGuess guess_lora_family(const std::vector<std::string>& keys) {
  for (const KeySign& sign : kKeySigns) {
    const auto key = key_with(keys, sign.part);
    if (!key) continue;
    const std::string reason = "it has " + in_quotes(*key);
    if (sign.name) return {sign.family, sign.name, reason};
    return guess_of(sign.family, reason);
  }
  for (const std::string_view part : kFirstLevelSigns) {
    if (const auto key = key_with(keys, part)) {
      return {Family::kUnknown, kSd1OrSd2, "it has " + in_quotes(*key)};
    }
  }
  return {};
}

FamilyGuess guess_lora_family_by_tensors(const TensorFile& lora) {
  const FamilyGuess by_keys = guess_lora_family(keys_of(lora));
  if (!by_keys.name.empty() && by_keys.name != kSd1OrSd2) return by_keys;
  const FamilyGuess by_width = guess_from_width(lora);
  return by_width.name.empty() ? by_keys : by_width;
}

FamilyGuess guess_lora_family(const TensorFile& lora) {
  const FamilyGuess by_tensors = guess_lora_family_by_tensors(lora);
  if (!by_tensors.name.empty() && by_tensors.name != kSd1OrSd2) return by_tensors;
  const FamilyGuess by_metadata = guess_from_metadata(lora);
  if (!by_metadata.name.empty()) return by_metadata;
  const FamilyGuess by_projections = guess_from_projections(lora, by_tensors);
  return by_projections.name.empty() ? guess_from_width(lora) : by_projections;
}

bool may_be_for(const FamilyGuess& lora, const FamilyGuess& model) {
  if (lora.name.empty() || model.name.empty() || lora.name == model.name) return true;
  // Deep transformers are also the refiner's.
  if (model.family == Family::kSdxlRefiner) return lora.family == Family::kSdxl;
  const bool is_either = model.family == Family::kSd1 || model.family == Family::kSd2;
  return lora.name == kSd1OrSd2 && is_either;
}

}  // namespace heddle::weights
