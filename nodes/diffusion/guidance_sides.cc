#include "nodes/diffusion/guidance_sides.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace heddle::diffusion {
namespace {

at::Tensor inside(const at::Tensor& x, const Area& area) {
  return x.narrow(2, area.y, area.height).narrow(3, area.x, area.width);
}

/// The weighted mean of one side's parts.
class SideSum {
 public:
  explicit SideSum(const at::Tensor& x)
      : sum_(at::zeros_like(x)), weights_(at::full_like(x, kNoWeight)) {}
  void add(const GuidancePart& part, const at::Tensor& guess) {
    inside(sum_, part.area).add_(guess * part.weights);
    inside(weights_, part.area).add_(part.weights);
  }
  at::Tensor mean() const { return sum_ / weights_; }

 private:
  static constexpr double kNoWeight = 1e-37;  // where no part counts the mean is 0
  at::Tensor sum_, weights_;
};

/// The negative side and what the prompts ask for beyond it, each by its own weight.
at::Tensor compose(const std::vector<std::pair<const GuidancePart*, at::Tensor>>& prompts,
                   const at::Tensor& negative) {
  at::Tensor sum = negative.clone();
  for (const auto& [part, guess] : prompts) {
    const at::Tensor difference = guess - inside(negative, part->area);
    inside(sum, part->area).add_(difference * (part->weights * *part->composes));
  }
  return sum;
}

bool contains(const std::vector<size_t>& sides, size_t side) {
  return std::find(sides.begin(), sides.end(), side) != sides.end();
}

}  // namespace

bool GuidanceSides::composes() const {
  return !sides_[kPositiveSide].empty() && sides_[kPositiveSide][0].composes.has_value();
}

std::vector<at::Tensor> GuidanceSides::guess(const at::Tensor& x, float sigma,
                                             std::vector<size_t> wanted, std::optional<size_t> told,
                                             const UNetHooks& further) {
  const bool composed = composes() && contains(wanted, kPositiveSide);
  if (composed && !contains(wanted, kNegativeSide)) wanted.push_back(kNegativeSide);
  std::vector<std::pair<const GuidancePart*, at::Tensor>> prompts;
  std::map<size_t, SideSum> sums;
  for (const size_t side : wanted) sums.emplace(side, x);
  UNetCall call{.hooks = unet_hooks_, .sigma = sigma};
  call.hooks.insert(call.hooks.end(), further.begin(), further.end());
  for (const GuidanceBatch& batch : batches(x, sigma, wanted)) {
    if (told) tell(call, batch, x, *told);
    const std::vector<at::Tensor> guesses = run(batch, x, call);
    for (size_t k = 0; k < guesses.size(); ++k) {
      const GuidancePart& part = parts_[batch.parts[k]];
      if (part.composes) {
        prompts.emplace_back(&part, guesses[k]);
      } else {
        sums.at(part.side).add(part, guesses[k]);
      }
    }
  }
  std::vector<at::Tensor> means(sides_.size());
  for (const auto& [side, sum] : sums) means[side] = sum.mean();
  if (composed) means[kPositiveSide] = compose(prompts, means[kNegativeSide]);
  return means;
}

const std::vector<GuidanceBatch>& GuidanceSides::batches(const at::Tensor& x, float sigma,
                                                         const std::vector<size_t>& wanted) {
  if (x.sizes() != at::IntArrayRef(shape_)) {
    parts_ = guidance_parts(sides_, guidance_, sampling_, x.sizes());
    shape_ = x.sizes().vec();
    batches_.clear();
  }
  const size_t step = step_at(guidance_.schedule, sigma);
  std::vector<size_t> active;
  for (size_t i = 0; i < parts_.size(); ++i) {
    if (contains(wanted, parts_[i].side) && parts_[i].is_active(sigma, step)) active.push_back(i);
  }
  const auto known = batches_.find(active);
  if (known != batches_.end()) return known->second;
  return batches_[active] = guidance_batches(parts_, active, x.size(0));
}

/// The first part of the side that covers the whole latent; parts of parts say nothing of a picture.
void GuidanceSides::tell(UNetCall& call, const GuidanceBatch& batch, const at::Tensor& x,
                         size_t side) const {
  call.first_negative = call.negatives = 0;
  const Area whole{x.size(2), x.size(3), 0, 0};
  for (size_t k = 0; k < batch.parts.size(); ++k) {
    const GuidancePart& part = parts_[batch.parts[k]];
    if (part.side != side || part.area != whole) continue;
    call.first_negative = int64_t(k) * x.size(0);
    call.negatives = x.size(0);
    return;
  }
}

/// One guess a part, in the order of the batch.
std::vector<at::Tensor> GuidanceSides::run(const GuidanceBatch& batch, const at::Tensor& x,
                                           const UNetCall& call) const {
  std::vector<at::Tensor> inputs;
  for (const size_t i : batch.parts) inputs.push_back(inside(x, parts_[i].area));
  const at::Tensor input = at::cat(inputs);
  const at::Tensor timesteps =
      at::full({input.size(0)}, sampling_.timestep(call.sigma), at::kFloat);
  if (heartbeat_) heartbeat_();
  at::Tensor seen = sampling_.scale_input(input, call.sigma);
  if (batch.extra.defined()) seen = at::cat({seen, batch.extra}, 1);
  const at::Tensor output = predict_(seen, timesteps, batch.context, batch.vector, call);
  return sampling_.denoised(input, output, call.sigma).split(x.size(0));
}

}  // namespace heddle::diffusion
