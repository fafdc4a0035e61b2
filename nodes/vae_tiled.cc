// Pictures to latents and back in tiles, for pictures that do not fit in memory at once.
#include <ATen/ATen.h>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/diffusion/tiles.h"
#include "nodes/families.h"
#include "nodes/heartbeat.h"
#include "nodes/vae_checks.h"

namespace heddle {
namespace {

constexpr const char* kVideoOnly = "For the VAEs of videos; others pay no heed to it.";

struct VAEDecodeTiled final : Node {
  static constexpr NodeInfo kInfo{.name = "VAEDecodeTiled",
                                  .category = "_for_testing",
                                  .help = "Turns a latent into a picture in overlapping tiles, which takes less memory.",
                                  .display_name = "VAE Decode (Tiled)"};
  In<Latent> samples{this, "samples", "Latent to decode."};
  In<VaeValue> vae{this, "vae", "VAE."};
  In<int64_t> tile_size{this, "tile_size", "Side of a tile in pixels.", 512, between(64, 4096), step(32)};
  In<int64_t> overlap{this, "overlap", "Pixels that tiles share; at most a quarter of a tile is used.", 64,
                      between(0, 4096), step(32)};
  In<int64_t> temporal_size{this, "temporal_size", kVideoOnly, 64, between(8, 4096), step(4)};
  In<int64_t> temporal_overlap{this, "temporal_overlap", kVideoOnly, 8, between(4, 4096), step(4)};
  Out<Image> image{this, "IMAGE"};

  void run(RunContext& context) override {
    const diffusion::Heartbeat heartbeat = heartbeat_of(context);
    const auto network = open_vae(*vae, heartbeat);
    check_decodable(*samples, *network);
    const int64_t shared = std::min(*overlap, *tile_size / 4), cell = network->scale();
    image = Image{diffusion::decode_tiled(*network, samples->samples, *tile_size / cell, shared / cell, heartbeat)};
  }
};

struct VAEEncodeTiled final : Node {
  static constexpr NodeInfo kInfo{.name = "VAEEncodeTiled",
                                  .category = "_for_testing",
                                  .help = "Turns a picture into a latent in overlapping tiles, which takes less memory.",
                                  .display_name = "VAE Encode (Tiled)"};
  In<Image> pixels{this, "pixels", "Picture to encode; its sides are cut to multiples of 8."};
  In<VaeValue> vae{this, "vae", "VAE."};
  In<int64_t> tile_size{this, "tile_size", "Side of a tile in pixels.", 512, between(64, 4096), step(64)};
  In<int64_t> overlap{this, "overlap", "Pixels that tiles share; less than half a tile.", 64, between(0, 4096), step(32)};
  In<int64_t> temporal_size{this, "temporal_size", kVideoOnly, 64, between(8, 4096), step(4)};
  In<int64_t> temporal_overlap{this, "temporal_overlap", kVideoOnly, 8, between(4, 4096), step(4)};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext& context) override {
    const diffusion::Heartbeat heartbeat = heartbeat_of(context);
    const auto network = open_vae(*vae, heartbeat);
    check_encodable(*pixels, *network);
    latent = Latent{
        .samples = diffusion::encode_tiled(*network, pixels->pixels, *tile_size, *overlap, heartbeat)};
  }
};

}  // namespace

void register_vae_tiled_nodes(Registry& registry) {
  registry.add<VAEDecodeTiled>();
  registry.add<VAEEncodeTiled>();
}

}  // namespace heddle
