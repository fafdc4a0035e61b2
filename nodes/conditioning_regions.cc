// Where, when and how strongly a prompt counts.
#include <ATen/ATen.h>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/tensor_checks.h"
#include "nodes/values.h"

namespace heddle {
namespace {

using diffusion::Conditioning;
using diffusion::ConditioningEntry;

constexpr const char* kStrengthHelp = "Weight against other prompts that count in the same place.";

template <class Change>
Conditioning with_each(const Conditioning& conditioning, Change change) {
  Conditioning changed = conditioning;
  for (ConditioningEntry& entry : changed) change(entry);
  return changed;
}

struct ConditioningSetArea final : Node {
  static constexpr NodeInfo kInfo{.name = "ConditioningSetArea",
                                  .category = "conditioning",
                                  .help = "Lets a prompt count only in a rectangle of the picture.",
                                  .display_name = "Conditioning (Set Area)"};
  In<Conditioning> conditioning{this, "conditioning", "Prompts."};
  In<int64_t> width{this, "width", "Width of the rectangle in pixels.", 64, between(64, 16384), step(8)};
  In<int64_t> height{this, "height", "Height of the rectangle in pixels.", 64, between(64, 16384), step(8)};
  In<int64_t> x{this, "x", "Left edge in pixels.", 0, between(0, 16384), step(8)};
  In<int64_t> y{this, "y", "Upper edge in pixels.", 0, between(0, 16384), step(8)};
  In<double> strength{this, "strength", kStrengthHelp, 1.0, between(0.0, 10.0), step(0.01)};
  Out<Conditioning> result{this, "CONDITIONING"};

  void run(RunContext&) override {
    result = with_each(*conditioning, [&](ConditioningEntry& entry) {
      entry.region.area = diffusion::Area{*height / kCell, *width / kCell, *y / kCell, *x / kCell};
      entry.region.share.reset();
      entry.region.area_is_mask_bounds = false;
      entry.strength = strength;
    });
  }
};

struct ConditioningSetAreaPercentage final : Node {
  static constexpr NodeInfo kInfo{.name = "ConditioningSetAreaPercentage",
                                  .category = "conditioning",
                                  .help = "Lets a prompt count only in a rectangle, given as shares of the picture.",
                                  .display_name = "Conditioning (Set Area with Percentage)"};
  In<Conditioning> conditioning{this, "conditioning", "Prompts."};
  In<double> width{this, "width", "Width of the rectangle, 1 for all of the picture.", 1.0, between(0, 1.0), step(0.01)};
  In<double> height{this, "height", "Height of the rectangle, 1 for all of the picture.", 1.0, between(0, 1.0), step(0.01)};
  In<double> x{this, "x", "Left edge, 0.5 for the middle.", 0, between(0, 1.0), step(0.01)};
  In<double> y{this, "y", "Upper edge, 0.5 for the middle.", 0, between(0, 1.0), step(0.01)};
  In<double> strength{this, "strength", kStrengthHelp, 1.0, between(0.0, 10.0), step(0.01)};
  Out<Conditioning> result{this, "CONDITIONING"};

  void run(RunContext&) override {
    result = with_each(*conditioning, [&](ConditioningEntry& entry) {
      entry.region.share = diffusion::AreaShare{*height, *width, *y, *x};
      entry.region.area.reset();
      entry.region.area_is_mask_bounds = false;
      entry.strength = strength;
    });
  }
};

struct ConditioningSetAreaStrength final : Node {
  static constexpr NodeInfo kInfo{.name = "ConditioningSetAreaStrength",
                                  .category = "conditioning",
                                  .help = "Sets how strongly a prompt counts against others in the same place."};
  In<Conditioning> conditioning{this, "conditioning", "Prompts."};
  In<double> strength{this, "strength", kStrengthHelp, 1.0, between(0.0, 10.0), step(0.01)};
  Out<Conditioning> result{this, "CONDITIONING"};

  void run(RunContext&) override {
    result = with_each(*conditioning, [&](ConditioningEntry& entry) { entry.strength = strength; });
  }
};

struct ConditioningSetMask final : Node {
  static constexpr NodeInfo kInfo{.name = "ConditioningSetMask",
                                  .category = "conditioning",
                                  .help = "Lets a prompt count where a mask is white.",
                                  .display_name = "Conditioning (Set Mask)"};
  In<Conditioning> conditioning{this, "conditioning", "Prompts."};
  In<Mask> mask{this, "mask", "Where the prompts count; it is resized to the latent."};
  In<double> strength{this, "strength", "Weight of the white parts of the mask.", 1.0, between(0.0, 10.0), step(0.01)};
  In<Choice> set_cond_area{this, "set_cond_area",
                           "Compute the whole picture, or only the rectangle around the mask (faster).",
                           one_of({"default", "mask bounds"})};
  Out<Conditioning> result{this, "CONDITIONING"};

  void run(RunContext&) override {
    check_finite(mask->values, "the mask");
    result = with_each(*conditioning, [&](ConditioningEntry& entry) {
      entry.region.mask = mask->values;
      entry.region.mask_strength = strength;
      entry.region.area_is_mask_bounds = *set_cond_area == "mask bounds";
    });
  }
};

struct ConditioningSetTimestepRange final : Node {
  static constexpr NodeInfo kInfo{.name = "ConditioningSetTimestepRange",
                                  .category = "advanced/conditioning",
                                  .help = "Lets a prompt count only during part of the noise schedule."};
  In<Conditioning> conditioning{this, "conditioning", "Prompts."};
  In<double> start{this, "start", "From here; 0 is the noisiest.", 0.0, between(0.0, 1.0), step(0.001)};
  In<double> end{this, "end", "Until here; 1 is the finished picture.", 1.0, between(0.0, 1.0), step(0.001)};
  Out<Conditioning> result{this, "CONDITIONING"};

  void run(RunContext& context) override {
    if (*start > *end) context.warn("start is after end: the prompt counts nowhere");
    result = with_each(*conditioning, [&](ConditioningEntry& entry) {
      entry.start_percent = start;
      entry.end_percent = end;
    });
  }
};

}  // namespace

void register_conditioning_region_nodes(Registry& registry) {
  registry.add<ConditioningSetArea>();
  registry.add<ConditioningSetAreaPercentage>();
  registry.add<ConditioningSetAreaStrength>();
  registry.add<ConditioningSetMask>();
  registry.add<ConditioningSetTimestepRange>();
}

}  // namespace heddle
