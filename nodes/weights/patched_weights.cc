#include "nodes/weights/patched_weights.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "nodes/weights/patch_shapes.h"

namespace heddle::weights {
namespace {

// Of the weight's elements, and so of its layer's work.
constexpr int64_t kLargestShare = 4;

// The changes that do something.
std::vector<Patch> effective(const std::vector<Patch>& patches) {
  std::vector<Patch> kept;
  std::copy_if(patches.begin(), patches.end(), std::back_inserter(kept), has_effect);
  return kept;
}

bool may_go_beside(const Patch& patch, int64_t rows, int64_t columns) {
  const auto* change = std::get_if<LowRank>(&patch.change);
  if (!change || change->mid.defined() || !change->padded.empty()) return false;
  if (patch.dora_scale.defined() || change->up.dim() < 2 || change->down.dim() < 2) return false;
  return change->up.size(0) == rows && row_of(change->down) == columns &&
         row_of(change->up) == change->down.size(0);
}

class PatchedWeights final : public diffusion::Weights {
 public:
  PatchedWeights(std::shared_ptr<const diffusion::Weights> base,
                 std::shared_ptr<const Patches> patches, Rounding rounding, Placement placement)
      : base_(std::move(base)),
        patches_(std::move(patches)),
        rounding_(rounding),
        placement_(placement) {}

  std::optional<diffusion::Shape> shape(const std::string& name) const override {
    auto shape = base_->shape(name);
    return shape ? std::optional(patched_shape(*shape, changes_of(name))) : std::nullopt;
  }
  std::vector<std::string> names() const override { return base_->names(); }

  at::Tensor get(const std::string& name) const override {
    at::Tensor weight = base_->get(name);
    const std::vector<Patch> changes = changes_of(name);
    if (changes.empty() || goes_beside(changes, weight.sizes().vec(), placement_)) return weight;
    const at::Tensor merged = apply_patches(weight, changes);
    return rounding_ == Rounding::kFp16 ? merged.to(at::kHalf).to(at::kFloat) : merged;
  }

  std::vector<diffusion::LowRankTerm> beside(const std::string& name) const override {
    const std::vector<Patch> changes = changes_of(name);
    const auto shape = base_->shape(name);
    if (!shape || changes.empty() || !goes_beside(changes, *shape, placement_)) return {};
    std::vector<diffusion::LowRankTerm> terms;
    for (const Patch& patch : changes) {
      const LowRank& change = std::get<LowRank>(patch.change);
      const double rank = double(change.down.size(0));
      terms.push_back({change.down.to(at::kFloat).contiguous(),
                       change.up.to(at::kFloat).contiguous(),
                       patch.strength * (patch.alpha ? *patch.alpha / rank : 1.0)});
    }
    return terms;
  }

 private:
  std::vector<Patch> changes_of(const std::string& name) const {
    const auto found = patches_->find(name);
    return found == patches_->end() ? std::vector<Patch>() : effective(found->second);
  }

  std::shared_ptr<const diffusion::Weights> base_;
  std::shared_ptr<const Patches> patches_;
  Rounding rounding_;
  Placement placement_;
};

}  // namespace

bool goes_beside(const std::vector<Patch>& patches, const std::vector<int64_t>& weight,
                 Placement placement) {
  const bool is_layer = weight.size() == 2 || weight.size() == 4;
  if (placement == Placement::kMerged || !is_layer) return false;
  const int64_t rows = weight[0],
                columns = c10::multiply_integers(weight) / std::max<int64_t>(1, rows);
  int64_t ranks = 0;
  for (const Patch& patch : patches) {
    if (!has_effect(patch)) continue;
    if (!may_go_beside(patch, rows, columns)) return false;
    ranks += std::get<LowRank>(patch.change).down.size(0);
  }
  return placement == Placement::kBeside ||
         ranks * (rows + columns) * kLargestShare <= rows * columns;
}

std::shared_ptr<const diffusion::Weights> patched_weights(
    std::shared_ptr<const diffusion::Weights> base, std::shared_ptr<const Patches> patches,
    Rounding rounding, Placement placement) {
  if (!patches) return base;
  return std::make_shared<const PatchedWeights>(std::move(base), std::move(patches), rounding,
                                                placement);
}

size_t added_bytes(const diffusion::Weights& base, const Patches& patches, Placement placement) {
  size_t bytes = 0;
  for (const auto& [name, all] : patches) {
    for (const Patch& patch : all) bytes += bytes_of(patch);
    const std::vector<Patch> changes = effective(all);
    const auto shape = base.shape(name);
    if (!shape || changes.empty() || goes_beside(changes, *shape, placement)) continue;
    bytes += size_t(c10::multiply_integers(patched_shape(*shape, changes))) * sizeof(float);
  }
  return bytes;
}

}  // namespace heddle::weights
