// Latents as numbers: sums, blends, pieces.
#include <ATen/ATen.h>

#include <algorithm>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/diffusion/batch.h"
#include "nodes/diffusion/resize.h"
#include "nodes/families.h"
#include "nodes/latent_fit.h"
#include "nodes/tensor_checks.h"
#include "nodes/values.h"

namespace heddle {
namespace {

constexpr const char* kSecond = "Second latent; it takes the size of the first.";

struct LatentAdd final : Node {
  static constexpr NodeInfo kInfo{.name = "LatentAdd", .category = "latent/advanced", .help = "Adds two latents."};
  In<Latent> samples1{this, "samples1", "First latent."};
  In<Latent> samples2{this, "samples2", kSecond};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext&) override {
    latent = with_samples(*samples1, samples1->samples + fit_size_and_batch(*samples2, *samples1));
  }
};

struct LatentSubtract final : Node {
  static constexpr NodeInfo kInfo{
      .name = "LatentSubtract", .category = "latent/advanced", .help = "Takes one latent from another."};
  In<Latent> samples1{this, "samples1", "First latent."};
  In<Latent> samples2{this, "samples2", kSecond};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext&) override {
    latent = with_samples(*samples1, samples1->samples - fit_size_and_batch(*samples2, *samples1));
  }
};

struct LatentMultiply final : Node {
  static constexpr NodeInfo kInfo{
      .name = "LatentMultiply", .category = "latent/advanced", .help = "Multiplies a latent by a number."};
  In<Latent> samples{this, "samples", "Latent."};
  In<double> multiplier{this, "multiplier", "Factor.", 1.0, between(-10.0, 10.0), step(0.01)};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext&) override { latent = with_samples(*samples, samples->samples * *multiplier); }
};

// Directions and lengths of the channel vectors, each blended evenly.
at::Tensor interpolate(const at::Tensor& a, const at::Tensor& b, double share_of_a) {
  const auto length = [](const at::Tensor& x) { return at::linalg_vector_norm(x, 2, at::IntArrayRef{1}, true); };
  const auto direction = [](const at::Tensor& x, const at::Tensor& norm) { return at::nan_to_num(x / norm); };
  const at::Tensor length_a = length(a), length_b = length(b);
  const at::Tensor blend = direction(a, length_a) * share_of_a + direction(b, length_b) * (1.0 - share_of_a);
  return direction(blend, length(blend)) * (length_a * share_of_a + length_b * (1.0 - share_of_a));
}

struct LatentInterpolate final : Node {
  static constexpr NodeInfo kInfo{.name = "LatentInterpolate",
                                  .category = "latent/advanced",
                                  .help = "Blends two latents so that the contrast stays."};
  In<Latent> samples1{this, "samples1", "First latent."};
  In<Latent> samples2{this, "samples2", kSecond};
  In<double> ratio{this, "ratio", "1: only the first, 0: only the second.", 1.0, between(0.0, 1.0), step(0.01)};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext&) override {
    check_finite(samples1->samples, "samples1");
    check_finite(samples2->samples, "samples2");
    latent = with_samples(*samples1,
                          interpolate(samples1->samples, fit_size_and_batch(*samples2, *samples1), *ratio));
  }
};

struct LatentBlend final : Node {
  static constexpr NodeInfo kInfo{.name = "LatentBlend",
                                  .category = "_for_testing",
                                  .help = "Blends two latents number by number.",
                                  .display_name = "Latent Blend"};
  In<Latent> samples1{this, "samples1", "First latent."};
  In<Latent> samples2{this, "samples2", kSecond};
  In<double> blend_factor{this, "blend_factor", "1: only the first, 0: only the second.", 0.5, between(0, 1),
                          step(0.01)};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext&) override {
    const at::Tensor& first = samples1->samples;
    at::Tensor second = samples2->samples;
    if (second.size(2) != first.size(2) || second.size(3) != first.size(3)) {
      second = diffusion::resize(second, "bicubic", first.size(3), first.size(2), true);
    }
    second = match_batch(fit_size({second, {}, {}}, *samples1), first.size(0), "samples2");
    latent = with_samples(*samples1, first * *blend_factor + second * (1 - *blend_factor));
  }
};

// The side that "x", "-x", "y"... mean. Pictures have no time.
int64_t side_of(std::string_view dim) {
  if (dim.ends_with('x')) return 3;
  if (dim.ends_with('y')) return 2;
  throw std::runtime_error("dim t is the time of a video; these latents are pictures: choose x or y");
}

struct LatentConcat final : Node {
  static constexpr NodeInfo kInfo{
      .name = "LatentConcat", .category = "latent/advanced", .help = "Puts two latents side by side."};
  In<Latent> samples1{this, "samples1", "First latent."};
  In<Latent> samples2{this, "samples2", "Second latent; its batch is repeated or cut to that of the first."};
  In<Choice> dim{this, "dim", "Side by side (x) or above each other (y); with a minus the second comes first.",
                 one_of({"x", "-x", "y", "-y", "t", "-t"})};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext&) override {
    check_not_empty(*samples1, "samples1");
    check_not_empty(*samples2, "samples2");
    const int64_t side = side_of(dim->value), across = side == 3 ? 2 : 3;
    const at::Tensor& first = samples1->samples;
    const at::Tensor second = diffusion::repeat_to_batch(samples2->samples, first.size(0));
    if (first.size(1) != second.size(1) || first.size(across) != second.size(across)) {
      throw std::runtime_error("latents of " + size_text(first.size(3), first.size(2)) + " and " +
                               size_text(second.size(3), second.size(2)) + " cells with " +
                               std::to_string(first.size(1)) + " and " + std::to_string(second.size(1)) +
                               " channels do not fit along " + dim->value);
    }
    const bool swap = dim->value.starts_with('-');
    latent = with_samples(*samples1, swap ? at::cat({second, first}, side) : at::cat({first, second}, side));
  }
};

struct LatentCut final : Node {
  static constexpr NodeInfo kInfo{
      .name = "LatentCut", .category = "latent/advanced", .help = "Cuts a strip out of a latent."};
  In<Latent> samples{this, "samples", "Latent to cut from."};
  In<Choice> dim{this, "dim", "Columns (x) or rows (y).", one_of({"x", "y", "t"})};
  In<int64_t> index{this, "index", "First cell; below 0 counted from the end. A cell is 8 pixels.", 0,
                    between(-16384, 16384), step(1)};
  In<int64_t> amount{this, "amount", "How many cells, at most to the end.", 1, between(1, 16384), step(1)};
  Out<Latent> latent{this, "LATENT"};

  void run(RunContext&) override {
    check_not_empty(*samples, "samples");
    const int64_t side = side_of(dim->value), size = samples->samples.size(side);
    const int64_t begin = *index >= 0 ? std::min(*index, size - 1) : std::max(size + *index, int64_t{0});
    const int64_t length = std::min(*amount, size - begin);
    latent = with_samples(*samples, samples->samples.narrow(side, begin, length).clone());
  }
};

}  // namespace

void register_latent_arithmetic_nodes(Registry& registry) {
  registry.add<LatentAdd>();
  registry.add<LatentSubtract>();
  registry.add<LatentMultiply>();
  registry.add<LatentInterpolate>();
  registry.add<LatentBlend>();
  registry.add<LatentConcat>();
  registry.add<LatentCut>();
}

}  // namespace heddle
