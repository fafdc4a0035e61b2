// Latents: empty ones, and resizing.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/diffusion/resize.h"
#include "nodes/families.h"
#include "nodes/values.h"

namespace heddle {
namespace {

std::vector<std::string> latent_methods() { return {"nearest-exact", "bilinear", "area", "bicubic", "bislerp"}; }

struct EmptyLatentImage final : Node {
  static constexpr NodeInfo kInfo{.name = "EmptyLatentImage",
                                  .category = "latent",
                                  .help = "An empty start for text to image.",
                                  .display_name = "Empty Latent Image"};
  In<int64_t> width{this, "width", "Width in pixels.", 512, between(16, 16384), step(8)};
  In<int64_t> height{this, "height", "Height in pixels.", 512, between(16, 16384), step(8)};
  In<int64_t> batch_size{this, "batch_size", "Pictures at once.", 1, between(1, 4096)};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext&) override {
    latent = Latent{.samples = at::zeros({*batch_size, 4, *height / kCell, *width / kCell})};
  }
};

Latent resized(const Latent& latent, const Choice& method, int64_t width, int64_t height, bool center) {
  Latent result = latent;
  result.samples = diffusion::resize(latent.samples, method.value, width, height, center);
  return result;
}

struct LatentUpscale final : Node {
  static constexpr NodeInfo kInfo{.name = "LatentUpscale",
                                  .category = "latent",
                                  .help = "Resizes a latent to a size in pixels.",
                                  .display_name = "Upscale Latent"};
  In<Latent> samples{this, "samples", "Latent to resize."};
  In<Choice> upscale_method{this, "upscale_method", "How to interpolate.", one_of(latent_methods())};
  In<int64_t> width{this, "width", "Width in pixels; 0 keeps the aspect ratio.", 512, between(0, 16384), step(8)};
  In<int64_t> height{this, "height", "Height in pixels; 0 keeps the aspect ratio.", 512, between(0, 16384), step(8)};
  In<Choice> crop{this, "crop", "Cut to the new aspect ratio first, or stretch.", one_of({"disabled", "center"})};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext&) override {
    if (*width == 0 && *height == 0) {
      latent = samples.shared();
      return;
    }
    constexpr int64_t kSmallest = 64;
    const double rows = double(samples->samples.size(-2)), columns = double(samples->samples.size(-1));
    int64_t w = std::max(kSmallest, *width), h = std::max(kSmallest, *height);
    // std::nearbyint rounds halves to even, as the sizes of existing graphs were.
    if (*width == 0) w = std::max(kSmallest, int64_t(std::nearbyint(columns * double(h) / rows)));
    if (*height == 0) h = std::max(kSmallest, int64_t(std::nearbyint(rows * double(w) / columns)));
    latent = resized(*samples, *upscale_method, w / kCell, h / kCell, *crop == "center");
  }
};

struct LatentUpscaleBy final : Node {
  static constexpr NodeInfo kInfo{.name = "LatentUpscaleBy",
                                  .category = "latent",
                                  .help = "Resizes a latent by a factor.",
                                  .display_name = "Upscale Latent By"};
  In<Latent> samples{this, "samples", "Latent to resize."};
  In<Choice> upscale_method{this, "upscale_method", "How to interpolate.", one_of(latent_methods())};
  In<double> scale_by{this, "scale_by", "Factor for both sides.", 1.5, between(0.01, 8.0), step(0.01)};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext&) override {
    const auto scaled = [&](int64_t size) {
      return std::max(int64_t{1}, int64_t(std::nearbyint(double(size) * *scale_by)));
    };
    latent = resized(*samples, *upscale_method, scaled(samples->samples.size(-1)), scaled(samples->samples.size(-2)),
                     false);
  }
};

}  // namespace

void register_latent_nodes(Registry& registry) {
  registry.add<EmptyLatentImage>();
  registry.add<LatentUpscale>();
  registry.add<LatentUpscaleBy>();
}

}  // namespace heddle
