// Operations on latents, and applying one.
#include "nodes/latent_operation.h"

#include <ATen/ATen.h>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/diffusion/latent_filters.h"
#include "nodes/families.h"
#include "nodes/tensor_checks.h"
#include "nodes/values.h"

namespace heddle {
namespace {

struct LatentOperationTonemapReinhard final : Node {
  static constexpr NodeInfo kInfo{.name = "LatentOperationTonemapReinhard",
                                  .category = "latent/advanced/operations",
                                  .help = "Tames what is too strong in a latent, as a camera does with light."};
  In<double> multiplier{this, "multiplier", "How strong is white; 0 leaves nothing.", 1.0, between(0.0, 100.0), step(0.01)};
  Out<LatentOperation> operation{this, "LATENT_OPERATION"};

  void run(RunContext&) override {
    if (*multiplier == 0) throw std::runtime_error("multiplier is 0: nothing would be left of the latent");
    operation = LatentOperation{
        [strength = *multiplier](const at::Tensor& latent) { return diffusion::tonemap_reinhard(latent, strength); }};
  }
};

struct LatentOperationSharpen final : Node {
  static constexpr NodeInfo kInfo{.name = "LatentOperationSharpen",
                                  .category = "latent/advanced/operations",
                                  .help = "Sharpens a latent."};
  In<int64_t> sharpen_radius{this, "sharpen_radius", "Cells to each side that are looked at.", 9, between(1, 31), step(1)};
  In<double> sigma{this, "sigma", "How evenly, in units of the radius.", 1.0, between(0.1, 10.0), step(0.1)};
  In<double> alpha{this, "alpha", "How much.", 0.1, between(0.0, 5.0), step(0.01)};
  Out<LatentOperation> operation{this, "LATENT_OPERATION"};

  void run(RunContext&) override {
    operation = LatentOperation{[radius = *sharpen_radius, sigma = *sigma, alpha = *alpha](const at::Tensor& latent) {
      return diffusion::sharpen_directions(latent, radius, sigma, alpha);
    }};
  }
};

struct LatentApplyOperation final : Node {
  static constexpr NodeInfo kInfo{.name = "LatentApplyOperation",
                                  .category = "latent/advanced/operations",
                                  .help = "Applies an operation to a latent."};
  In<Latent> samples{this, "samples", "Latent."};
  In<LatentOperation> operation{this, "operation", "What to do to it."};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext&) override {
    check_not_empty(*samples, "samples");
    Latent changed = *samples;
    changed.samples = operation->apply(samples->samples);
    latent = std::move(changed);
  }
};

}  // namespace

void register_latent_operation_nodes(Registry& registry) {
  registry.add<LatentOperationTonemapReinhard>();
  registry.add<LatentOperationSharpen>();
  registry.add<LatentApplyOperation>();
}

}  // namespace heddle
