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
  register_latent_nodes(registry);
  register_vae_nodes(registry);
  register_image_nodes(registry);
  register_save_nodes(registry);
}

}  // namespace heddle
