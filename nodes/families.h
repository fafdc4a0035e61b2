// Registration, one call a family of nodes.
#pragma once

namespace heddle {

class Registry;

void register_loader_nodes(Registry& registry);
void register_lora_nodes(Registry& registry);
void register_conditioning_nodes(Registry& registry);
void register_a1111_nodes(Registry& registry);
void register_sampling_nodes(Registry& registry);
void register_custom_sampling_nodes(Registry& registry);
void register_sampler_nodes(Registry& registry);
void register_scheduler_nodes(Registry& registry);
void register_sigma_nodes(Registry& registry);
void register_model_sampling_nodes(Registry& registry);
void register_unet_patch_nodes(Registry& registry);
void register_guidance_patch_nodes(Registry& registry);
void register_extra_guidance_nodes(Registry& registry);
void register_attention_patch_nodes(Registry& registry);
void register_three_sided_guider_nodes(Registry& registry);
void register_latent_nodes(Registry& registry);
void register_vae_nodes(Registry& registry);
void register_image_nodes(Registry& registry);
void register_save_nodes(Registry& registry);
void register_save_model_nodes(Registry& registry);
void register_model_merging_nodes(Registry& registry);
void register_lora_tool_nodes(Registry& registry);
void register_conditioning_mix_nodes(Registry& registry);
void register_conditioning_region_nodes(Registry& registry);
void register_vae_tiled_nodes(Registry& registry);
void register_inpaint_nodes(Registry& registry);
void register_latent_batch_nodes(Registry& registry);
void register_latent_arithmetic_nodes(Registry& registry);
void register_latent_transform_nodes(Registry& registry);
void register_latent_operation_nodes(Registry& registry);
void register_composite_nodes(Registry& registry);
void register_mask_nodes(Registry& registry);
void register_mask_edit_nodes(Registry& registry);
void register_image_load_nodes(Registry& registry);
void register_image_size_nodes(Registry& registry);
void register_image_batch_nodes(Registry& registry);
void register_image_transform_nodes(Registry& registry);
void register_image_stitch_nodes(Registry& registry);
void register_image_filter_nodes(Registry& registry);
void register_image_channel_nodes(Registry& registry);
void register_primitive_nodes(Registry& registry);
void register_string_nodes(Registry& registry);
void register_regex_nodes(Registry& registry);

/// Names of nodes of other programs that have no counterpart here yet.
void register_missing_nodes(Registry& registry);

}  // namespace heddle
