#include "nodes/weights/file_kind.h"

#include "nodes/weights/lora_formats.h"
#include "nodes/weights/part.h"
#include "nodes/weights/signs.h"

namespace heddle::weights {
namespace {

using Tensors = std::map<std::string, TensorInfo>;

struct KindSign {
  const char* key;
  FileKind kind;
  const char* what;
};
// Of files that have parts under names we know, and are something else all the same.
constexpr KindSign kBeforeParts[] = {
    {"control_model.", FileKind::kOther, "a ControlNet"},
    {"input_hint_block.", FileKind::kOther, "a ControlNet"},
    {"zero_convs.", FileKind::kOther, "a ControlNet"},
    {"controlnet_cond_embedding.", FileKind::kOther, "a ControlNet"},
    {"latent_tensor", FileKind::kLatent, "a latent"},
};
constexpr KindSign kAfterParts[] = {
    {"decoder.layers.", FileKind::kVae, "a Tiny AutoEncoder with diffusers' names"},
    {"encoder.block.0.layer.", FileKind::kTextEncoder, "a T5 text encoder"},
    {"vision_model.", FileKind::kOther, "a CLIP vision model"},
    {"emb_params", FileKind::kEmbedding, "an embedding"},
    {"clip_l", FileKind::kEmbedding, "an embedding"},
    {"clip_g", FileKind::kEmbedding, "an embedding"},
    {"adapter.body.", FileKind::kOther, "a T2I adapter"},
    {"body.0.resnets.", FileKind::kOther, "a T2I adapter"},
    {"ip_adapter.", FileKind::kOther, "an IP-Adapter"},
    {"image_proj.", FileKind::kOther, "an IP-Adapter"},
    {"conv_first.weight", FileKind::kOther, "an upscale model"},
    {"model.0.weight", FileKind::kOther, "an upscale model"},
};

template <size_t N>
KindGuess guess_from(const Tensors& tensors, const KindSign (&signs)[N]) {
  for (const KindSign& sign : signs) {
    if (has_sign(tensors, sign.key)) return {sign.kind, sign.what, false};
  }
  return {};
}

bool has_lora_key(const Tensors& tensors) {
  for (const auto& [key, info] : tensors) {
    if (is_lora_key(key)) return true;
  }
  return false;
}

KindGuess guess_from_parts(const Tensors& tensors) {
  const bool unet = find_part(tensors, PartKind::kUNet).has_value();
  const bool vae = find_part(tensors, PartKind::kVae).has_value();
  const bool text = !find_text_encoders(tensors).empty();
  if (unet + vae + text > 1) return {FileKind::kCheckpoint, "a checkpoint", true};
  if (unet) return {FileKind::kUNet, "a U-Net", true};
  if (vae) return {FileKind::kVae, "a VAE", true};
  if (text) return {FileKind::kTextEncoder, "a text encoder", true};
  return {};
}

}  // namespace

const char* kind_name(FileKind kind) {
  switch (kind) {
    case FileKind::kCheckpoint:
      return "checkpoint";
    case FileKind::kUNet:
      return "U-Net";
    case FileKind::kVae:
      return "VAE";
    case FileKind::kTextEncoder:
      return "text encoder";
    case FileKind::kLora:
      return "LoRA";
    case FileKind::kEmbedding:
      return "embedding";
    case FileKind::kLatent:
      return "latent";
    case FileKind::kOther:
      break;
  }
  return "other";
}

KindGuess guess_kind(const TensorFile& file) {
  const Tensors& tensors = file.tensors();
  if (has_lora_key(tensors)) return {FileKind::kLora, "a LoRA", true};
  if (auto guess = guess_from(tensors, kBeforeParts); !guess.what.empty()) return guess;
  if (auto guess = guess_from_parts(tensors); guess.readable) return guess;
  return guess_from(tensors, kAfterParts);
}

}  // namespace heddle::weights
