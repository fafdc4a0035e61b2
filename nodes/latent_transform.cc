// Latents turned, mirrored and cut.
#include <ATen/ATen.h>

#include <algorithm>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/latent_fit.h"
#include "nodes/tensor_checks.h"
#include "nodes/turns.h"
#include "nodes/values.h"

namespace heddle {
namespace {

struct LatentRotate final : Node {
  static constexpr NodeInfo kInfo{.name = "LatentRotate",
                                  .category = "latent/transform",
                                  .help = "Turns a latent clockwise.",
                                  .display_name = "Rotate Latent"};
  In<Latent> samples{this, "samples", "Latent to turn."};
  In<Choice> rotation{this, "rotation", "How far.", one_of(rotation_names())};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext&) override {
    latent = with_samples(*samples, at::rot90(samples->samples, quarter_turns(*rotation), {3, 2}));
  }
};

struct LatentFlip final : Node {
  static constexpr NodeInfo kInfo{.name = "LatentFlip",
                                  .category = "latent/transform",
                                  .help = "Mirrors a latent.",
                                  .display_name = "Flip Latent"};
  In<Latent> samples{this, "samples", "Latent to mirror."};
  In<Choice> flip_method{this, "flip_method", "Upside down, or left to right.", one_of(flip_names())};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext&) override {
    latent = with_samples(*samples, samples->samples.flip({flips_rows(*flip_method) ? 2 : 3}));
  }
};

struct LatentCrop final : Node {
  static constexpr NodeInfo kInfo{.name = "LatentCrop",
                                  .category = "latent/transform",
                                  .help = "Cuts a rectangle out of a latent.",
                                  .display_name = "Crop Latent"};
  In<Latent> samples{this, "samples", "Latent to cut from."};
  In<int64_t> width{this, "width", "Width in pixels, at most to the right edge.", 512, between(64, 16384), step(8)};
  In<int64_t> height{this, "height", "Height in pixels, at most to the lower edge.", 512, between(64, 16384), step(8)};
  In<int64_t> x{this, "x", "Left edge in pixels.", 0, between(0, 16384), step(8)};
  In<int64_t> y{this, "y", "Upper edge in pixels.", 0, between(0, 16384), step(8)};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext&) override {
    check_not_empty(*samples, "samples");
    const at::Tensor rows = cut(samples->samples, 2, *y / kCell, *height / kCell);
    latent = with_samples(*samples, cut(rows, 3, *x / kCell, *width / kCell));
  }

  // An edge too far to the right or below moves back until eight cells are left.
  static at::Tensor cut(const at::Tensor& x, int64_t side, int64_t begin, int64_t length) {
    constexpr int64_t kFewest = 8;
    const int64_t first = std::clamp(begin, int64_t{0}, std::max(x.size(side) - kFewest, int64_t{0}));
    return x.slice(side, first, first + length);
  }
};

}  // namespace

void register_latent_transform_nodes(Registry& registry) {
  registry.add<LatentRotate>();
  registry.add<LatentFlip>();
  registry.add<LatentCrop>();
}

}  // namespace heddle
