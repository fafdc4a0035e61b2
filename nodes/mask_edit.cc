// Masks combined, feathered, grown and shrunk.
#include <ATen/ATen.h>

#include <algorithm>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/diffusion/morphology.h"
#include "nodes/families.h"
#include "nodes/heartbeat.h"
#include "nodes/tensor_checks.h"
#include "nodes/values.h"

namespace heddle {
namespace {

at::Tensor combined(const at::Tensor& below, const at::Tensor& above, const Choice& operation) {
  if (operation == "multiply") return below * above;
  if (operation == "add") return below + above;
  if (operation == "subtract") return below - above;
  const at::Tensor a = below.round().to(at::kBool), b = above.round().to(at::kBool);
  if (operation == "and") return a.logical_and(b).to(at::kFloat);
  if (operation == "or") return a.logical_or(b).to(at::kFloat);
  return a.logical_xor(b).to(at::kFloat);
}

struct MaskComposite final : Node {
  static constexpr NodeInfo kInfo{
      .name = "MaskComposite", .category = "mask", .help = "Combines a mask with another that is laid over it."};
  In<Mask> destination{this, "destination", "Mask below."};
  In<Mask> source{this, "source", "Mask to lay over it."};
  In<int64_t> x{this, "x", "Left edge of the source in pixels.", 0, between(0, 16384), step(1)};
  In<int64_t> y{this, "y", "Upper edge of the source in pixels.", 0, between(0, 16384), step(1)};
  In<Choice> operation{this, "operation", "How to combine; and, or, xor round both masks first.",
                       one_of({"multiply", "add", "subtract", "and", "or", "xor"})};
  Out<Mask> mask{this, "MASK"};

  void run(RunContext& context) override {
    check_not_empty(*destination, "destination");
    check_not_empty(*source, "source");
    at::Tensor result = destination->values.clone();
    const int64_t height = std::min(source->values.size(1), result.size(1) - *y);
    const int64_t width = std::min(source->values.size(2), result.size(2) - *x);
    if (height > 0 && width > 0) {
      const at::Tensor above =
          match_batch(source->values, result.size(0), "source").slice(1, 0, height).slice(2, 0, width);
      at::Tensor below = result.narrow(1, *y, height).narrow(2, *x, width);
      below.copy_(combined(below, above, *operation));
    } else {
      context.warn("the place is outside of the destination, which stays as it is");
    }
    mask = Mask{result.clamp(0.0, 1.0)};
  }
};

struct FeatherMask final : Node {
  static constexpr NodeInfo kInfo{.name = "FeatherMask", .category = "mask", .help = "Fades a mask towards its edges."};
  In<Mask> mask{this, "mask", "Mask to fade."};
  In<int64_t> left{this, "left", "Pixels to fade from the left edge.", 0, between(0, 16384), step(1)};
  In<int64_t> top{this, "top", "Pixels to fade from the upper edge.", 0, between(0, 16384), step(1)};
  In<int64_t> right{this, "right", "Pixels to fade from the right edge.", 0, between(0, 16384), step(1)};
  In<int64_t> bottom{this, "bottom", "Pixels to fade from the lower edge.", 0, between(0, 16384), step(1)};
  Out<Mask> faded{this, "MASK"};

  void run(RunContext&) override {
    at::Tensor result = mask->values.clone();
    fade(result, 2, *left, false);
    fade(result, 2, *right, true);
    fade(result, 1, *top, false);
    fade(result, 1, *bottom, true);
    faded = Mask{result};
  }

  // ComfyUI counts from the far edge as Python does, -0, -1, -2..., and -0 is the near edge: the first factor goes there.
  // Existing graphs depend on it.
  static void fade(at::Tensor& mask, int64_t side, int64_t length, bool from_end) {
    const int64_t size = mask.size(side), count = std::min(length, size);
    for (int64_t k = 0; k < count; ++k) {
      mask.select(side, from_end && k > 0 ? size - k : k).mul_(double(k + 1) / double(count));
    }
  }
};

struct GrowMask final : Node {
  static constexpr NodeInfo kInfo{.name = "GrowMask", .category = "mask", .help = "Grows the white of a mask, or shrinks it."};
  In<Mask> mask{this, "mask", "Mask."};
  In<int64_t> expand{this, "expand", "Pixels to grow by; below 0 shrinks.", 0, between(-16384, 16384), step(1)};
  In<bool> tapered_corners{this, "tapered_corners", "Corners become diagonal; off, they stay square.", true};
  Out<Mask> grown{this, "MASK"};

  void run(RunContext& context) override {
    check_finite(mask->values, "the mask");
    const diffusion::Heartbeat heartbeat = heartbeat_of(context);
    const int64_t steps = std::abs(*expand);
    const auto dilate = [&](const at::Tensor& x) {
      return *tapered_corners ? diffusion::dilate_diamond(x, steps, heartbeat) : diffusion::dilate_box(x, 2 * steps + 1);
    };
    grown = Mask{*expand < 0 ? dilate(mask->values.neg()).neg() : dilate(mask->values)};
  }
};

}  // namespace

void register_mask_edit_nodes(Registry& registry) {
  registry.add<MaskComposite>();
  registry.add<FeatherMask>();
  registry.add<GrowMask>();
}

}  // namespace heddle
