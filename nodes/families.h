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
void register_latent_nodes(Registry& registry);
void register_vae_nodes(Registry& registry);
void register_image_nodes(Registry& registry);
void register_save_nodes(Registry& registry);

}  // namespace heddle
