#include "nodes/diffusion/guidance_plan.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>

namespace heddle::diffusion {
namespace {

// How often a context may be repeated to match a longer one before a batch of its own is cheaper.
constexpr int64_t kMostRepeats = 4;

/// The entry that knows best what to draw in `area`: the smallest rectangle around it, or one that
/// is everywhere.
const ConditioningEntry* smallest_around(const Area& area, const Conditioning& entries) {
  const auto cells = [](const ConditioningEntry& e) {
    return e.region.area->height * e.region.area->width;
  };
  const ConditioningEntry* smallest = nullptr;
  for (const ConditioningEntry& entry : entries) {
    if (!entry.region.area) {
      if (!smallest) smallest = &entry;
    } else if (encloses(*entry.region.area, area)) {
      if (!smallest || !smallest->region.area || cells(entry) < cells(*smallest)) smallest = &entry;
    }
  }
  return smallest;
}

void add_counterparts(const Conditioning& from, Conditioning& to) {
  for (const ConditioningEntry& entry : from) {
    if (!entry.region.area) continue;
    const auto same_area = [&](const ConditioningEntry& e) {
      return e.region.area == entry.region.area;
    };
    if (std::any_of(to.begin(), to.end(), same_area)) continue;
    const ConditioningEntry* around = smallest_around(*entry.region.area, to);
    if (!around) continue;
    ConditioningEntry counterpart = entry;
    counterpart.cross_attention = around->cross_attention;
    counterpart.pooled = around->pooled;
    counterpart.facts = around->facts;
    counterpart.composes = around->composes;
    counterpart.concat_latent = around->concat_latent;
    counterpart.concat_mask = around->concat_mask;
    to.push_back(std::move(counterpart));
  }
}

Conditioning fit(const Conditioning& entries, int64_t height, int64_t width) {
  Conditioning fitted = entries;
  for (ConditioningEntry& entry : fitted) entry.region = fit_region(entry.region, height, width);
  return fitted;
}

GuidancePart make_part(const ConditioningEntry& entry, size_t side, const Guidance& guidance,
                       const ModelSampling& sampling, at::IntArrayRef shape) {
  GuidancePart part;
  part.side = side;
  part.context = entry.cross_attention;
  part.vector = vector_conditioning(entry.pooled, entry.facts, side == 0, shape, guidance.y_width);
  const Area whole{shape[2], shape[3], 0, 0};
  part.area = clip_area(entry.region.area.value_or(whole), shape[2], shape[3]);
  if (guidance.extra_channels) {
    part.extra = guidance.extra_channels(entry, shape)
                     .narrow(2, part.area.y, part.area.height)
                     .narrow(3, part.area.x, part.area.width);
  }
  part.weights =
      region_weights(entry.region, part.area, shape[0], shape[2], shape[3]) * entry.strength;
  part.first_sigma = sampling.percent_to_sigma(entry.start_percent);
  part.last_sigma = sampling.percent_to_sigma(entry.end_percent);
  part.steps = entry.steps;
  part.composes = entry.composes;
  return part;
}

bool fit_together(const GuidancePart& a, const GuidancePart& b) {
  if (a.area.height != b.area.height || a.area.width != b.area.width) return false;
  if (a.context.size(2) != b.context.size(2)) return false;
  const int64_t tokens = a.context.size(1), others = b.context.size(1);
  return std::lcm(tokens, others) / std::min(tokens, others) <= kMostRepeats;
}

/// Row by row for every picture of every part. Contexts are repeated to a common length.
GuidanceBatch make_batch(const std::vector<GuidancePart>& parts, std::vector<size_t> indices,
                         int64_t batch) {
  int64_t tokens = 1;
  for (const size_t i : indices) tokens = std::lcm(tokens, parts[i].context.size(1));
  std::vector<at::Tensor> contexts, vectors, extras;
  for (const size_t i : indices) {
    const at::Tensor& context = parts[i].context;
    contexts.push_back(context.repeat({1, tokens / context.size(1), 1}).expand({batch, -1, -1}));
    if (parts[i].vector.defined()) vectors.push_back(parts[i].vector.expand({batch, -1}));
    if (parts[i].extra.defined()) extras.push_back(parts[i].extra);
  }
  return {std::move(indices), at::cat(contexts), vectors.empty() ? at::Tensor() : at::cat(vectors),
          extras.empty() ? at::Tensor() : at::cat(extras)};
}

// A prompt that changes from step to step must be cut for the very steps that are run.
void check_steps(const Conditioning& entries, const Sigmas& schedule) {
  const size_t steps = schedule.empty() ? 0 : schedule.size() - 1;
  const bool falls = std::is_sorted(schedule.rbegin(), schedule.rend());
  for (const ConditioningEntry& entry : entries) {
    if (entry.steps.empty()) continue;
    if (!falls) {
      throw std::runtime_error(
          "a prompt that changes from step to step needs noise levels that only fall");
    }
    if (entry.steps.size() == steps) continue;
    const std::string encoded = std::to_string(entry.steps.size());
    throw std::runtime_error(
        "a prompt that changes from step to step was encoded for " + encoded + " steps, " +
        (steps == 0 ? "but this sampler does not tell which step is which"
                    : "but this sampler runs " + std::to_string(steps) +
                          ": encode it for that many"));
  }
}

void check_composition(const Conditioning& positive, const Conditioning& negative) {
  const auto composes = [](const ConditioningEntry& entry) { return entry.composes.has_value(); };
  if (std::any_of(negative.begin(), negative.end(), composes)) {
    throw std::runtime_error(
        "negative: prompts that AND joins, or with a weight of their own, can only be positive");
  }
  if (std::none_of(positive.begin(), positive.end(), composes)) return;
  if (!std::all_of(positive.begin(), positive.end(), composes)) {
    throw std::runtime_error(
        "positive: prompts that AND joins cannot be combined with prompts that are averaged; "
        "write all of them into one text");
  }
  for (const ConditioningEntry& entry : negative) {
    if (!entry.region.area && !entry.region.share) continue;
    throw std::runtime_error(
        "negative: areas do not go together with a positive prompt that AND joins");
  }
}

}  // namespace

size_t step_at(const Sigmas& sigmas, float sigma) {
  size_t step = 0;
  while (step + 2 < sigmas.size() && sigma <= sigmas[step + 1]) ++step;
  return step;
}

std::vector<GuidancePart> guidance_parts(const std::vector<Conditioning>& sides,
                                         const Guidance& guidance, const ModelSampling& sampling,
                                         at::IntArrayRef shape) {
  for (const Conditioning& side : sides) check_steps(side, guidance.schedule);
  for (size_t side = 1; side < sides.size(); ++side) check_composition(sides[0], sides[side]);
  std::vector<Conditioning> fitted;
  for (const Conditioning& side : sides) fitted.push_back(fit(side, shape[2], shape[3]));
  for (size_t from = 0; from < fitted.size(); ++from) {
    for (size_t to = 0; to < fitted.size(); ++to) {
      if (from != to) add_counterparts(fitted[from], fitted[to]);
    }
  }
  std::vector<GuidancePart> parts;
  for (size_t side = 0; side < fitted.size(); ++side) {
    for (const ConditioningEntry& entry : fitted[side]) {
      parts.push_back(make_part(entry, side, guidance, sampling, shape));
    }
  }
  return parts;
}

std::vector<GuidanceBatch> guidance_batches(const std::vector<GuidancePart>& parts,
                                            std::vector<size_t> active, int64_t batch) {
  std::vector<GuidanceBatch> batches;
  while (!active.empty()) {
    const GuidancePart& first = parts[active.front()];
    const auto apart = std::stable_partition(
        active.begin(), active.end(), [&](size_t i) { return fit_together(first, parts[i]); });
    std::vector<size_t> together(active.begin(), apart);
    std::reverse(together.begin(), together.end());
    active.erase(active.begin(), apart);
    batches.push_back(make_batch(parts, std::move(together), batch));
  }
  return batches;
}

}  // namespace heddle::diffusion
