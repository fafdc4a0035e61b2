// Batches of latents, and which draw of noise each picture of one takes.
#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/diffusion/batch.h"
#include "nodes/families.h"
#include "nodes/latent_fit.h"
#include "nodes/tensor_checks.h"
#include "nodes/values.h"

namespace heddle {
namespace {

using Draws = std::vector<int64_t>;

// The draws of noise, one a picture: those it names, or the first ones.
Draws draws_of(const Latent& latent) {
  if (!latent.batch_index.empty()) return latent.batch_index;
  Draws draws(size_t(latent.samples.size(0)));
  std::iota(draws.begin(), draws.end(), 0);
  return draws;
}

struct LatentFromBatch final : Node {
  static constexpr NodeInfo kInfo{.name = "LatentFromBatch",
                                  .category = "latent/batch",
                                  .help = "Takes some pictures out of a batch; they keep their own noise.",
                                  .display_name = "Latent From Batch"};
  In<Latent> samples{this, "samples", "Batch to take from."};
  In<int64_t> batch_index{this, "batch_index", "First picture, counted from 0.", 0, between(0, 63)};
  In<int64_t> length{this, "length", "How many pictures.", 1, between(1, 64)};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext&) override {
    check_not_empty(*samples, "samples");
    const int64_t count = samples->samples.size(0);
    const int64_t first = std::min(*batch_index, count - 1), end = std::min(first + *length, count);
    Latent taken{.samples = samples->samples.slice(0, first, end).clone()};
    if (at::Tensor mask = samples->noise_mask; mask.defined()) {
      taken.noise_mask =
          mask.size(0) == 1 ? mask : diffusion::repeat_to_batch(mask, std::max(mask.size(0), count)).slice(0, first, end).clone();
    }
    const Draws draws = draws_of(*samples);
    if (int64_t(draws.size()) < end) throw std::runtime_error("the latent names noise for fewer pictures than it has");
    taken.batch_index.assign(draws.begin() + first, draws.begin() + end);
    latent = std::move(taken);
  }
};

struct RepeatLatentBatch final : Node {
  static constexpr NodeInfo kInfo{.name = "RepeatLatentBatch",
                                  .category = "latent/batch",
                                  .help = "Repeats a latent, each time with noise of its own.",
                                  .display_name = "Repeat Latent Batch"};
  In<Latent> samples{this, "samples", "Latent to repeat."};
  In<int64_t> amount{this, "amount", "How often.", 1, between(1, 64)};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext&) override {
    check_not_empty(*samples, "samples");
    Latent repeated = *samples;
    repeated.samples = samples->samples.repeat({*amount, 1, 1, 1});
    if (const at::Tensor& mask = samples->noise_mask; mask.defined() && mask.size(0) > 1) {
      const int64_t count = std::max(mask.size(0), samples->samples.size(0));
      repeated.noise_mask = diffusion::repeat_to_batch(mask, count).repeat({*amount, 1, 1, 1});
    }
    const Draws& draws = samples->batch_index;
    if (!draws.empty()) {
      const auto [lowest, highest] = std::minmax_element(draws.begin(), draws.end());
      const int64_t shift = *highest - *lowest + 1;
      repeated.batch_index.clear();
      for (int64_t k = 0; k < *amount; ++k) {
        for (const int64_t draw : draws) repeated.batch_index.push_back(draw + k * shift);
      }
    }
    latent = std::move(repeated);
  }
};

struct LatentBatch final : Node {
  static constexpr NodeInfo kInfo{.name = "LatentBatch",
                                  .category = "latent/batch",
                                  .help = "Joins two latents to one batch; the second takes the size of the first."};
  In<Latent> samples1{this, "samples1", "First pictures."};
  In<Latent> samples2{this, "samples2", "Pictures to add."};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext&) override {
    Latent joined = *samples1;
    const at::Tensor second = fit_size(*samples2, *samples1);
    joined.samples = at::cat({samples1->samples, second});
    joined.batch_index = draws_of(*samples1);
    const Draws more = draws_of(*samples2);
    joined.batch_index.insert(joined.batch_index.end(), more.begin(), more.end());
    latent = std::move(joined);
  }
};

struct LatentBatchSeedBehavior final : Node {
  static constexpr NodeInfo kInfo{.name = "LatentBatchSeedBehavior",
                                  .category = "latent/advanced",
                                  .help = "Chooses whether the pictures of a batch start from the same noise."};
  In<Latent> samples{this, "samples", "Batch."};
  In<Choice> seed_behavior{this, "seed_behavior", "Random: noise of its own for each. Fixed: the same for all.", "fixed",
                           one_of({"random", "fixed"})};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext&) override {
    check_not_empty(*samples, "samples");
    Latent changed = *samples;
    changed.batch_index.clear();
    if (*seed_behavior == "fixed") changed.batch_index.assign(size_t(samples->samples.size(0)), draws_of(*samples)[0]);
    latent = std::move(changed);
  }
};

}  // namespace

void register_latent_batch_nodes(Registry& registry) {
  registry.add<LatentFromBatch>();
  registry.add<RepeatLatentBatch>();
  registry.add<LatentBatch>();
  registry.add<LatentBatchSeedBehavior>();
}

}  // namespace heddle
