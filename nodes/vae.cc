// Pictures to latents and back.
#include <ATen/ATen.h>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/heartbeat.h"
#include "nodes/vae_checks.h"
#include "nodes/values.h"

namespace heddle {
namespace {

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
    check_decodable(*samples, *network);
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
    check_encodable(*pixels, *network);
    latent = Latent{.samples = network->encode(pixels->pixels, heartbeat)};
  }
};

}  // namespace

void register_vae_nodes(Registry& registry) {
  registry.add<VAEDecode>();
  registry.add<VAEEncode>();
}

}  // namespace heddle
