#include "nodes/register.h"

#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/values.h"

namespace heddle {

void register_nodes(Registry& registry) {
  registry.add_value<int64_t>();
  registry.add_value<double>();
  registry.add_value<bool>();
  registry.add_value<std::string>();
  registry.add_value<diffusion::Conditioning>();
  registry.add_value<Latent>();
  registry.add_value<Image>();
  registry.add_value<Mask>();
  register_loader_nodes(registry);
  register_lora_nodes(registry);
  register_conditioning_nodes(registry);
  register_a1111_nodes(registry);
  register_sampling_nodes(registry);
  register_custom_sampling_nodes(registry);
  register_sampler_nodes(registry);
  register_scheduler_nodes(registry);
  register_sigma_nodes(registry);
  register_model_sampling_nodes(registry);
  register_unet_patch_nodes(registry);
  register_guidance_patch_nodes(registry);
  register_extra_guidance_nodes(registry);
  register_attention_patch_nodes(registry);
  register_three_sided_guider_nodes(registry);
  register_latent_nodes(registry);
  register_vae_nodes(registry);
  register_image_nodes(registry);
  register_save_nodes(registry);
  register_save_model_nodes(registry);
  register_model_merging_nodes(registry);
  register_lora_tool_nodes(registry);
  register_conditioning_mix_nodes(registry);
  register_conditioning_region_nodes(registry);
  register_vae_tiled_nodes(registry);
  register_inpaint_nodes(registry);
  register_latent_batch_nodes(registry);
  register_latent_arithmetic_nodes(registry);
  register_latent_transform_nodes(registry);
  register_latent_operation_nodes(registry);
  register_composite_nodes(registry);
  register_mask_nodes(registry);
  register_mask_edit_nodes(registry);
  register_image_load_nodes(registry);
  register_image_size_nodes(registry);
  register_image_batch_nodes(registry);
  register_image_transform_nodes(registry);
  register_image_stitch_nodes(registry);
  register_image_filter_nodes(registry);
  register_image_channel_nodes(registry);
  register_primitive_nodes(registry);
  register_string_nodes(registry);
  register_regex_nodes(registry);
  register_missing_nodes(registry);
}

}  // namespace heddle
