#include "nodes/weights/lora_family.h"

#include <optional>
#include <string_view>

#include "nodes/weights/lora_formats.h"

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

bool reads_text(const std::string& stem) {
  for (const std::string_view module : kReadsText) {
    if (stem.ends_with(module)) return true;
  }
  return false;
}

// The width of the text that the U-Net listens to.
std::optional<int64_t> context_width(const TensorFile& lora) {
  for (const auto& [key, info] : lora.tensors()) {
    const auto up = split_up_key(key);
    if (!up || !reads_text(up->stem)) continue;
    const auto down = lora.tensors().find(up->stem + std::string(up->spelling->down));
    const bool known = down != lora.tensors().end() && down->second.shape.size() == 2;
    if (known) return down->second.shape[1];  // [rank, width]
  }
  return std::nullopt;
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

}  // namespace

FamilyGuess guess_lora_family(const std::vector<std::string>& keys) {
  for (const KeySign& sign : kKeySigns) {
    for (const std::string& key : keys) {
      if (key.find(sign.part) == std::string::npos) continue;
      const std::string reason = "it has " + in_quotes(key);
      if (sign.name) return {sign.family, sign.name, reason};
      return guess_of(sign.family, reason);
    }
  }
  return {};
}

FamilyGuess guess_lora_family(const TensorFile& lora) {
  std::vector<std::string> keys;
  for (const auto& [key, info] : lora.tensors()) keys.push_back(key);
  FamilyGuess by_keys = guess_lora_family(keys);
  if (!by_keys.name.empty()) return by_keys;
  FamilyGuess by_width = guess_from_width(lora);
  if (!by_width.name.empty()) return by_width;
  FamilyGuess by_metadata = guess_from_metadata(lora);
  return by_metadata.name.empty() ? by_width : by_metadata;
}

}  // namespace heddle::weights
