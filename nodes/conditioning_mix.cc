// Conditioning out of conditioning: several prompts side by side, one behind the other, blended, or silenced.
#include <ATen/ATen.h>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/values.h"

namespace heddle {
namespace {

using diffusion::Conditioning;
using diffusion::ConditioningEntry;

// The entry that is joined to each of another conditioning; further ones have no place to go.
const ConditioningEntry& first_entry(const Conditioning& from, RunContext& context) {
  if (from.empty()) throw std::runtime_error("conditioning_from is empty");
  if (from.size() > 1) {
    context.warn("conditioning_from holds " + std::to_string(from.size()) + " prompts; only the first is used");
  }
  return from.front();
}

void check_widths(const at::Tensor& to, const at::Tensor& from) {
  if (to.size(-1) == from.size(-1)) return;
  throw std::runtime_error("conditioning_to is " + std::to_string(to.size(-1)) + " wide and conditioning_from " +
                           std::to_string(from.size(-1)) + ": encode both with the same text encoder");
}

struct ConditioningCombine final : Node {
  static constexpr NodeInfo kInfo{.name = "ConditioningCombine",
                                  .category = "conditioning",
                                  .help = "Takes several prompts at once; what they ask for is averaged.",
                                  .display_name = "Conditioning (Combine)"};
  In<Conditioning> conditioning_1{this, "conditioning_1", "First prompts."};
  In<Conditioning> conditioning_2{this, "conditioning_2", "Prompts to add."};
  Out<Conditioning> conditioning{this, "CONDITIONING"};

  void run(RunContext&) override {
    Conditioning all = *conditioning_1;
    all.insert(all.end(), conditioning_2->begin(), conditioning_2->end());
    conditioning = std::move(all);
  }
};

struct ConditioningConcat final : Node {
  static constexpr NodeInfo kInfo{.name = "ConditioningConcat",
                                  .category = "conditioning",
                                  .help = "Appends a prompt to another, as if it were its next chunk of 75 tokens.",
                                  .display_name = "Conditioning (Concat)"};
  In<Conditioning> conditioning_to{this, "conditioning_to", "Prompts to append to; their settings stay."};
  In<Conditioning> conditioning_from{this, "conditioning_from", "Prompt to append."};
  Out<Conditioning> conditioning{this, "CONDITIONING"};

  void run(RunContext& context) override {
    const at::Tensor& more = first_entry(*conditioning_from, context).cross_attention;
    Conditioning joined = *conditioning_to;
    for (ConditioningEntry& entry : joined) {
      check_widths(entry.cross_attention, more);
      entry.cross_attention = at::cat({entry.cross_attention, more}, 1);
    }
    conditioning = std::move(joined);
  }
};

// `from` in the length of `to`: cut, or filled up with zeros.
at::Tensor fit_length(const at::Tensor& from, int64_t tokens) {
  if (from.size(1) >= tokens) return from.slice(1, 0, tokens);
  return at::constant_pad_nd(from, {0, 0, 0, tokens - from.size(1)});
}

struct ConditioningAverage final : Node {
  static constexpr NodeInfo kInfo{.name = "ConditioningAverage",
                                  .category = "conditioning",
                                  .help = "Blends two prompts number by number."};
  In<Conditioning> conditioning_to{this, "conditioning_to", "Prompts to blend into; their settings stay."};
  In<Conditioning> conditioning_from{this, "conditioning_from", "Prompt to blend in."};
  In<double> conditioning_to_strength{this, "conditioning_to_strength", "1: only conditioning_to, 0: only the other.",
                                      1.0, between(0.0, 1.0), step(0.01)};
  Out<Conditioning> conditioning{this, "CONDITIONING"};

  void run(RunContext& context) override {
    const ConditioningEntry& from = first_entry(*conditioning_from, context);
    Conditioning blended = *conditioning_to;
    for (ConditioningEntry& entry : blended) {
      check_widths(entry.cross_attention, from.cross_attention);
      entry.cross_attention =
          blend(entry.cross_attention, fit_length(from.cross_attention, entry.cross_attention.size(1)));
      if (!from.pooled.defined()) continue;
      const at::Tensor& own = entry.pooled.defined() ? entry.pooled : from.pooled;
      check_widths(own, from.pooled);
      entry.pooled = blend(own, from.pooled);
    }
    conditioning = std::move(blended);
  }

  at::Tensor blend(const at::Tensor& to, const at::Tensor& from) const {
    return to * *conditioning_to_strength + from * (1.0 - *conditioning_to_strength);
  }
};

struct ConditioningZeroOut final : Node {
  static constexpr NodeInfo kInfo{.name = "ConditioningZeroOut",
                                  .category = "advanced/conditioning",
                                  .help = "Replaces a prompt by zeros: less than an empty prompt says."};
  In<Conditioning> conditioning{this, "conditioning", "Prompts to silence; their settings stay."};
  Out<Conditioning> result{this, "CONDITIONING"};

  void run(RunContext&) override {
    Conditioning silent = *conditioning;
    for (ConditioningEntry& entry : silent) {
      entry.cross_attention = at::zeros_like(entry.cross_attention);
      if (entry.pooled.defined()) entry.pooled = at::zeros_like(entry.pooled);
    }
    result = std::move(silent);
  }
};

}  // namespace

void register_conditioning_mix_nodes(Registry& registry) {
  registry.add<ConditioningCombine>();
  registry.add<ConditioningConcat>();
  registry.add<ConditioningAverage>();
  registry.add<ConditioningZeroOut>();
}

}  // namespace heddle
