#include "nodes/diffusion/token_merging.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "nodes/diffusion/ops.h"
#include "nodes/diffusion/place_random.h"

namespace heddle::diffusion {
namespace {

/// Tokens that others are merged into, and those that may be.
struct Split {
  at::Tensor kept, others;  // indices
};

Split split(const UNetPlace& place, uint64_t seed) {
  std::mt19937_64 random = random_at(seed, place);
  std::vector<bool> is_kept(size_t(place.height * place.width));
  for (int64_t y = 0; y + 1 < place.height; y += 2) {
    for (int64_t x = 0; x + 1 < place.width; x += 2) {
      const auto corner = int64_t(random() % 4);
      is_kept[size_t((y + corner / 2) * place.width + x + corner % 2)] = true;
    }
  }
  std::vector<int64_t> kept, others;
  for (size_t i = 0; i < is_kept.size(); ++i) (is_kept[i] ? kept : others).push_back(int64_t(i));
  return {at::tensor(kept, at::kLong), at::tensor(others, at::kLong)};
}

/// For one picture: token `from` of the picture goes into the kept token number `into`.
struct Merge {
  at::Tensor from, into, alone;  // indices; `alone` are the others that stay
};

Merge match(const at::Tensor& tokens, const Split& split, int64_t count) {  // [N, C]
  const at::Tensor unit = tokens / tokens.mul(tokens).sum(1, true, at::kDouble).sqrt().to(at::kFloat);
  const Linear kept{unit.index_select(0, split.kept), {}};
  const at::Tensor likeness = linear(unit.index_select(0, split.others).unsqueeze(0), kept)[0];
  const auto [best, into] = likeness.max(1);
  const at::Tensor order = std::get<1>(best.sort(true, 0, true));
  const at::Tensor merged = order.slice(0, 0, count);
  return {split.others.index_select(0, merged), into.index_select(0, merged),
          split.others.index_select(0, order.slice(0, count))};
}

/// Kept tokens with what is merged into them, then those that stay alone.
at::Tensor merge(const at::Tensor& tokens, const Split& split, const Merge& merge) {
  at::Tensor sums = tokens.index_select(0, split.kept);
  at::Tensor counts = at::ones({sums.size(0), 1}, at::kFloat);
  sums.index_add_(0, merge.into, tokens.index_select(0, merge.from));
  counts.index_add_(0, merge.into, at::ones({merge.into.size(0), 1}, at::kFloat));
  return at::cat({sums / counts, tokens.index_select(0, merge.alone)});
}

at::Tensor unmerge(const at::Tensor& merged, const Split& split, const Merge& merge) {
  const int64_t kept = split.kept.size(0);
  at::Tensor tokens = at::empty({kept + split.others.size(0), merged.size(1)}, at::kFloat);
  tokens.index_copy_(0, split.kept, merged.slice(0, 0, kept));
  tokens.index_copy_(0, merge.alone, merged.slice(0, kept));
  tokens.index_copy_(0, merge.from, merged.index_select(0, merge.into));
  return tokens;
}

ArrangedTokens merge_batch(const at::Tensor& tokens, const Split& split, int64_t count) {
  std::vector<Merge> merges;
  std::vector<at::Tensor> merged;
  for (const at::Tensor& picture : tokens.unbind()) {
    merges.push_back(match(picture, split, count));
    merged.push_back(merge(picture, split, merges.back()));
  }
  const auto restore = [=](const at::Tensor& results) {
    std::vector<at::Tensor> pictures;
    for (size_t k = 0; k < merges.size(); ++k) {
      pictures.push_back(unmerge(results[int64_t(k)], split, merges[k]));
    }
    return at::stack(pictures);
  };
  return {at::stack(merged), restore};
}

}  // namespace

UNetHook token_merging(const TokenMerging& settings) {
  const auto arrange = [settings](const at::Tensor& tokens, const UNetPlace& place) {
    const bool full_size = place.height == place.latent_height &&
                           place.width == place.latent_width &&
                           tokens.size(1) == place.height * place.width;
    const auto wanted = int64_t(double(tokens.size(1)) * settings.ratio);
    if (!full_size || wanted == 0) return ArrangedTokens{tokens, {}};
    const Split parts = split(place, settings.seed);
    const int64_t count = std::min(wanted, parts.others.size(0));
    if (parts.kept.size(0) == 0) return ArrangedTokens{tokens, {}};
    return merge_batch(tokens, parts, count);
  };
  return {.tokens = arrange};
}

}  // namespace heddle::diffusion
