// Pictures to latents and back.
#include <ATen/ATen.h>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/heartbeat.h"
#include "nodes/values.h"

namespace heddle {
namespace {

void check_finite(const at::Tensor& tensor, const char* what) {
  if (at::isfinite(tensor).all().item<bool>()) return;
  throw std::runtime_error(std::string(what) + " holds NaN or infinite values: the step before went wrong");
}

struct VAEDecode final : Node {
  static constexpr NodeInfo kInfo{.name = "VAEDecode",
                                  .category = "latent",
                                  .help = "Turns a latent into a picture.",
                                  .display_name = "VAE Decode"};
  In<Latent> samples{this, "samples", "Latent to decode."};
  In<VaeValue> vae{this, "vae", "VAE."};
  Out<Image> image{this, "IMAGE"};

  void run(RunContext& context) override {
    const diffusion::Heartbeat heartbeat = heartbeat_of(context);
    const auto network = open_vae(*vae, heartbeat);
    if (samples->samples.size(1) != network->latent_channels()) {
      throw std::runtime_error("the latent has " + std::to_string(samples->samples.size(1)) + " channels, but this VAE reads " +
                               std::to_string(network->latent_channels()) + ": use the VAE that belongs to the model");
    }
    check_finite(samples->samples, "the latent");
    image = Image{network->decode(samples->samples, heartbeat)};
  }
};

struct VAEEncode final : Node {
  static constexpr NodeInfo kInfo{.name = "VAEEncode",
                                  .category = "latent",
                                  .help = "Turns a picture into a latent.",
                                  .display_name = "VAE Encode"};
  In<Image> pixels{this, "pixels", "Picture to encode; its sides are cut to multiples of 8."};
  In<VaeValue> vae{this, "vae", "VAE."};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext& context) override {
    const diffusion::Heartbeat heartbeat = heartbeat_of(context);
    const auto network = open_vae(*vae, heartbeat);
    const int64_t height = pixels->pixels.size(1), width = pixels->pixels.size(2);
    if (height < network->scale() || width < network->scale()) {
      throw std::runtime_error("the picture is " + std::to_string(width) + "x" + std::to_string(height) +
                               " pixels; this VAE needs at least " + std::to_string(network->scale()) + " a side");
    }
    latent = Latent{.samples = network->encode(pixels->pixels, heartbeat)};
  }
};

}  // namespace

void register_vae_nodes(Registry& registry) {
  registry.add<VAEDecode>();
  registry.add<VAEEncode>();
}

}  // namespace heddle
