#include "nodes/weights/family.h"

#include <string_view>

#include "nodes/weights/part.h"
#include "nodes/weights/signs.h"

namespace heddle::weights {
namespace {

using Tensors = std::map<std::string, TensorInfo>;

struct NetworkSign {
  const char* key;
  const char* name;
};
constexpr std::string_view kNetworkPrefixes[] = {"model.diffusion_model.", "model.", "net.", ""};
constexpr NetworkSign kOtherNetworks[] = {
    {"joint_blocks.0.context_block.attn.qkv.weight", "Stable Diffusion 3"},
    {"clf.1.weight", "Stable Cascade"},
    {"transformer.rotary_pos_emb.inv_freq", "Stable Audio"},
    {"double_layers.0.attn.w1q.weight", "AuraFlow"},
    {"mlp_t5.0.weight", "HunyuanDiT"},
    {"txt_in.individual_token_refiner.blocks.0.norm1.weight", "HunyuanVideo"},
    {"distilled_guidance_layer.norms.0.scale", "Chroma"},
    {"double_blocks.0.img_attn.norm.key_norm.scale", "Flux"},
    {"t5_yproj.weight", "Mochi"},
    {"t_block.1.weight", "PixArt"},
    {"adaln_single.emb.timestep_embedder.linear_1.bias", "LTX-Video"},
    {"head.modulation", "Wan"},
    {"input_blocks.1.0.time_stack.", "Stable Video Diffusion"},
    {"label_emb.weight", "Stable Diffusion x4 upscaler"},
    {"cc_projection.weight", "Stable Zero123"},
};

// Dimensions of the first attention's input projection: 4 (a 1x1 convolution), 2 (linear) or 0 (no
// attention at all).
size_t projection_dims(const NamesAndShapes& unet) {
  for (const auto& [name, shape] : unet) {
    if (name.ends_with(".1.proj_in.weight")) return shape.size();
  }
  return 0;
}

FamilyGuess guess_conditioned(const NamesAndShapes& unet) {
  const bool attends_at_once = unet.contains("input_blocks.1.1.proj_in.weight");
  const bool four_levels = unet.contains("input_blocks.9.0.op.weight");
  if (attends_at_once) {
    return {Family::kUnknown, "Stable Diffusion 2.1 unCLIP", "label_emb and input_blocks.1.1"};
  }
  if (four_levels) return guess_of(Family::kSdxlRefiner, "label_emb and input_blocks.9");
  return guess_of(Family::kSdxl, "label_emb, and no attention in input_blocks.1");
}

FamilyGuess guess_by_attention(const NamesAndShapes& unet) {
  const size_t dims = projection_dims(unet);
  const bool conditioned = unet.contains("label_emb.0.0.weight");
  if (dims == 2 && conditioned) return guess_conditioned(unet);
  if (conditioned || dims == 0) return {};
  if (dims == 4) {
    return guess_of(Family::kSd1, "proj_in is a convolution, and there is no label_emb");
  }
  return guess_of(Family::kSd2, "proj_in is linear, and there is no label_emb");
}

// What a U-Net takes behind the latent's four channels, and what it does without.
std::string peculiarities(const NamesAndShapes& unet) {
  std::string text;
  const auto input = unet.find("input_blocks.0.0.weight");
  const int64_t channels = input != unet.end() && input->second.size() > 1 ? input->second[1] : 0;
  if (channels == 9) text += "; 9 input channels: made for inpainting";
  if (channels == 8) text += "; 8 input channels: InstructPix2Pix, made for editing pictures";
  if (!unet.contains("middle_block.0.in_layers.0.weight")) {
    text += "; distilled: it has no middle block";
  } else if (!unet.contains("middle_block.1.proj_in.weight")) {
    text += "; distilled: its middle block has no attention";
  }
  return text;
}

// SDXL's L and G may come apart, and its refiner has G under the name that SDXL has for L.
FamilyGuess guess_text_family(const std::vector<Part>& texts) {
  if (texts.empty()) return {};
  const Part& first = texts.front();
  const std::string reason = first.prefix + "*: " + part_name(first.kind);
  if (texts.size() > 1) return guess_of(Family::kSdxl, "two text encoders");
  switch (first.kind) {
    case PartKind::kClipH:
      return guess_of(Family::kSd2, reason);
    case PartKind::kClipG: {
      const bool refiner = first.prefix == "conditioner.embedders.0.model.";
      return guess_of(refiner ? Family::kSdxlRefiner : Family::kSdxl, reason);
    }
    default:
      break;
  }
  const bool of_pair = first.prefix.starts_with("conditioner.");
  return guess_of(of_pair ? Family::kSdxl : Family::kSd1, reason);
}

FamilyGuess guess_other_network(const Tensors& tensors) {
  for (const std::string_view prefix : kNetworkPrefixes) {
    for (const NetworkSign& sign : kOtherNetworks) {
      const std::string key = std::string(prefix) + sign.key;
      if (has_sign(tensors, key)) return {Family::kUnknown, sign.name, key};
    }
  }
  return {};
}

}  // namespace

const char* family_name(Family family) {
  switch (family) {
    case Family::kSd1:
      return "Stable Diffusion 1.x";
    case Family::kSd2:
      return "Stable Diffusion 2.x";
    case Family::kSdxl:
      return "Stable Diffusion XL";
    case Family::kSdxlRefiner:
      return "Stable Diffusion XL refiner";
    case Family::kUnknown:
      break;
  }
  return "an unknown family";
}

bool is_xl(Family family) { return family == Family::kSdxl || family == Family::kSdxlRefiner; }

FamilyGuess guess_of(Family family, std::string reason) {
  return {family, family_name(family), std::move(reason)};
}

FamilyGuess guess_unet_family(const NamesAndShapes& unet) {
  FamilyGuess guess = guess_by_attention(unet);
  if (guess.family != Family::kUnknown) guess.reason += peculiarities(unet);
  return guess;
}

FamilyGuess guess_family(const TensorFile& file) {
  const Tensors& tensors = file.tensors();
  const FamilyGuess other = guess_other_network(tensors);
  if (!other.name.empty()) return other;
  if (const auto unet = find_part(tensors, PartKind::kUNet)) {
    return guess_unet_family(shapes_of(file, *unet));
  }
  return guess_text_family(find_text_encoders(tensors));
}

}  // namespace heddle::weights
