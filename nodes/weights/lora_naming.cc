#include "nodes/weights/lora_naming.h"

namespace heddle::weights {
namespace {

// What stems of one naming begin with. The original code counts blocks from end to end, diffusers
// by level, and both occur behind `lora_unet_`.
struct Row {
  std::string_view begin, network, form;
};
constexpr std::string_view kUNet = "U-Net", kText = "text encoder", kText2 = "second text encoder";
constexpr Row kRows[] = {
    {"lora_unet_input_blocks", kUNet, "lora_unet_input_blocks"},
    {"lora_unet_middle_block", kUNet, "lora_unet_input_blocks"},
    {"lora_unet_output_blocks", kUNet, "lora_unet_input_blocks"},
    {"lora_unet_time_embed_", kUNet, "lora_unet_input_blocks"},
    {"lora_unet_label_emb_", kUNet, "lora_unet_input_blocks"},
    {"lora_unet_out_", kUNet, "lora_unet_input_blocks"},
    {"lora_unet_", kUNet, "lora_unet_down_blocks"},
    {"lycoris_", kUNet, "lycoris_down_blocks"},
    {"diffusion_model.", kUNet, "diffusion_model."},
    {"unet.", kUNet, "unet."},
    {"down_blocks.", kUNet, "down_blocks."},
    {"mid_block.", kUNet, "down_blocks."},
    {"up_blocks.", kUNet, "down_blocks."},
    {"lora_te2_", kText2, "lora_te2_"},
    {"text_encoder_2.", kText2, "text_encoder_2."},
    {"text_encoders.clip_g.", kText2, "text_encoders.clip_g."},
    {"lora_te1_", kText, "lora_te1_"},
    {"lora_te_", kText, "lora_te_"},
    {"text_encoder.", kText, "text_encoder."},
    {"text_encoders.", kText, "text_encoders."},
};

}  // namespace

LoraNaming naming_of(std::string_view stem) {
  for (const Row& row : kRows) {
    if (stem.starts_with(row.begin)) return {std::string(row.network), std::string(row.form)};
  }
  return {};
}

}  // namespace heddle::weights
