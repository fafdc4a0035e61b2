// Pictures and latents laid over others.
#include <ATen/ATen.h>

#include <algorithm>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/diffusion/composite.h"
#include "nodes/diffusion/resize.h"
#include "nodes/families.h"
#include "nodes/image_fit.h"
#include "nodes/latent_fit.h"
#include "nodes/tensor_checks.h"
#include "nodes/values.h"

namespace heddle {
namespace {

using diffusion::Place;

void warn_if_outside(const at::Tensor& destination, Place place, RunContext& context) {
  if (place.y < destination.size(2) && place.x < destination.size(3)) return;
  context.warn("the place is outside of the destination, which stays as it is");
}

void check_channels(const at::Tensor& destination, const at::Tensor& source) {
  if (destination.size(1) == source.size(1)) return;
  throw std::runtime_error("the source has " + std::to_string(source.size(1)) + " channels, the destination " +
                           std::to_string(destination.size(1)) + ": they belong to different models");
}

struct LatentComposite final : Node {
  static constexpr NodeInfo kInfo{.name = "LatentComposite",
                                  .category = "latent",
                                  .help = "Lays one latent over another, with soft edges if wanted.",
                                  .display_name = "Latent Composite"};
  In<Latent> samples_to{this, "samples_to", "Latent below."};
  In<Latent> samples_from{this, "samples_from", "Latent to lay over it."};
  In<int64_t> x{this, "x", "Left edge in pixels.", 0, between(0, 16384), step(8)};
  In<int64_t> y{this, "y", "Upper edge in pixels.", 0, between(0, 16384), step(8)};
  In<int64_t> feather{this, "feather", "Pixels over which the edges fade.", 0, between(0, 16384), step(8)};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext& context) override {
    check_not_empty(*samples_to, "samples_to");
    check_not_empty(*samples_from, "samples_from");
    const at::Tensor& to = samples_to->samples;
    check_channels(to, samples_from->samples);
    const Place place{*x / kCell, *y / kCell};
    warn_if_outside(to, place, context);
    at::Tensor from = match_batch(samples_from->samples, to.size(0), "samples_from");
    from = from.slice(2, 0, std::max(to.size(2) - place.y, int64_t{0}))
               .slice(3, 0, std::max(to.size(3) - place.x, int64_t{0}));
    at::Tensor mask;
    if (*feather / kCell > 0 && from.numel() > 0) {
      mask = diffusion::feathered_mask(from.size(2), from.size(3), place, to.size(2), to.size(3), *feather / kCell);
    }
    Latent result = *samples_to;
    result.samples = diffusion::composite(to, from, place, mask);
    latent = std::move(result);
  }
};

at::Tensor mask_plane(const In<Mask>& mask) {
  if (!mask.given()) return {};
  check_not_empty(*mask, "mask");
  return mask->values.unsqueeze(1);
}

at::Tensor maybe_resized(const at::Tensor& source, const at::Tensor& destination, bool resize) {
  if (!resize) return source;
  return diffusion::resize(source, "bilinear", destination.size(3), destination.size(2), false);
}

struct LatentCompositeMasked final : Node {
  static constexpr NodeInfo kInfo{.name = "LatentCompositeMasked",
                                  .category = "latent",
                                  .help = "Lays one latent over another where a mask is white."};
  In<Latent> destination{this, "destination", "Latent below."};
  In<Latent> source{this, "source", "Latent to lay over it."};
  In<int64_t> x{this, "x", "Left edge in pixels.", 0, between(0, 16384), step(8)};
  In<int64_t> y{this, "y", "Upper edge in pixels.", 0, between(0, 16384), step(8)};
  In<bool> resize_source{this, "resize_source", "First bring the source to the size of the destination.", false};
  In<Mask> mask{this, "mask", "Where the source shows; all of it if there is none.", kOptional};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext& context) override {
    check_not_empty(*destination, "destination");
    check_not_empty(*source, "source");
    check_channels(destination->samples, source->samples);
    const Place place{*x / kCell, *y / kCell};
    warn_if_outside(destination->samples, place, context);
    const at::Tensor above = maybe_resized(source->samples, destination->samples, *resize_source);
    Latent result = *destination;
    result.samples = diffusion::composite(destination->samples, above, place, mask_plane(mask));
    latent = std::move(result);
  }
};

struct ImageCompositeMasked final : Node {
  static constexpr NodeInfo kInfo{.name = "ImageCompositeMasked",
                                  .category = "image",
                                  .help = "Lays one picture over another where a mask is white."};
  In<Image> destination{this, "destination", "Picture below."};
  In<Image> source{this, "source", "Picture to lay over it."};
  In<int64_t> x{this, "x", "Left edge in pixels.", 0, between(0, 16384), step(1)};
  In<int64_t> y{this, "y", "Upper edge in pixels.", 0, between(0, 16384), step(1)};
  In<bool> resize_source{this, "resize_source", "First bring the source to the size of the destination.", false};
  In<Mask> mask{this, "mask", "Where the source shows; all of it if there is none.", kOptional};
  Out<Image> image{this, "IMAGE"};

  void run(RunContext& context) override {
    check_not_empty(*destination, "destination");
    check_not_empty(*source, "source");
    const at::Tensor below = destination->pixels.movedim(-1, 1);
    const at::Tensor plain = with_channels(source->pixels, below.size(1)).movedim(-1, 1);
    warn_if_outside(below, {*x, *y}, context);
    const at::Tensor above = maybe_resized(plain, below, *resize_source);
    image = Image{diffusion::composite(below, above, {*x, *y}, mask_plane(mask)).movedim(1, -1).contiguous()};
  }
};

}  // namespace

void register_composite_nodes(Registry& registry) {
  registry.add<LatentComposite>();
  registry.add<LatentCompositeMasked>();
  registry.add<ImageCompositeMasked>();
}

}  // namespace heddle
