#include "nodes/diffusion/guidance.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "nodes/diffusion/guidance_plan.h"

namespace heddle::diffusion {
namespace {

/// The guided model, with what it need not work out again at each step.
class GuidedModel {
 public:
  GuidedModel(Predict predict, const ModelSampling& sampling, Guidance guidance,
              Heartbeat heartbeat)
      : predict_(std::move(predict)),
        sampling_(sampling),
        guidance_(std::move(guidance)),
        heartbeat_(std::move(heartbeat)) {}

  Guess denoise(const at::Tensor& x, float sigma, bool with_negative) {
    const bool only_positive = is_unguided() && !with_negative;
    plan(x, sigma, only_positive);
    Side positive(x), negative(x);
    for (const GuidanceBatch& batch : batches_) {
      const std::vector<at::Tensor> guesses = run(batch, x, sigma);
      for (size_t k = 0; k < guesses.size(); ++k) {
        const GuidancePart& part = parts_[batch.parts[k]];
        (part.positive ? positive : negative).add(part, guesses[k]);
      }
    }
    if (only_positive) return {positive.mean(), {}};
    const at::Tensor away = negative.mean();
    return {away + (positive.mean() - away) * guidance_.scale, away};
  }

 private:
  /// The weighted mean of one side's parts.
  class Side {
   public:
    explicit Side(const at::Tensor& x)
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

  static at::Tensor inside(const at::Tensor& x, const Area& area) {
    return x.narrow(2, area.y, area.height).narrow(3, area.x, area.width);
  }

  bool is_unguided() const {
    return std::abs(guidance_.scale - 1) <= 1e-9 * std::max(std::abs(guidance_.scale), 1.0);
  }

  void plan(const at::Tensor& x, float sigma, bool only_positive) {
    if (x.sizes() != at::IntArrayRef(shape_)) {
      parts_ = guidance_parts(guidance_, sampling_, x.sizes());
      shape_ = x.sizes().vec();
      batches_.clear();
      active_.clear();
    }
    std::vector<size_t> active;
    for (size_t i = 0; i < parts_.size(); ++i) {
      if (!parts_[i].positive && only_positive) continue;
      if (parts_[i].is_active(sigma)) active.push_back(i);
    }
    if (active == active_) return;
    batches_ = guidance_batches(parts_, active, x.size(0));
    active_ = std::move(active);
  }

  /// One guess a part, in the order of the batch.
  std::vector<at::Tensor> run(const GuidanceBatch& batch, const at::Tensor& x, float sigma) const {
    std::vector<at::Tensor> inputs;
    for (const size_t i : batch.parts) inputs.push_back(inside(x, parts_[i].area));
    const at::Tensor input = at::cat(inputs);
    const at::Tensor timesteps = at::full({input.size(0)}, sampling_.timestep(sigma), at::kFloat);
    if (heartbeat_) heartbeat_();
    const at::Tensor output =
        predict_(sampling_.scale_input(input, sigma), timesteps, batch.context, batch.vector);
    return sampling_.denoised(input, output, sigma).split(x.size(0));
  }

  Predict predict_;
  ModelSampling sampling_;
  Guidance guidance_;
  Heartbeat heartbeat_;
  std::vector<int64_t> shape_;  // of the latent that parts_ fit
  std::vector<GuidancePart> parts_;
  std::vector<size_t> active_;  // parts in batches_
  std::vector<GuidanceBatch> batches_;
};

}  // namespace

Denoiser guided_denoiser(Predict predict, const ModelSampling& sampling, Guidance guidance,
                         Heartbeat heartbeat) {
  auto model = std::make_shared<GuidedModel>(std::move(predict), sampling, std::move(guidance),
                                             std::move(heartbeat));
  return Denoiser([model](const at::Tensor& x, float sigma, bool with_negative) {
    return model->denoise(x, sigma, with_negative);
  });
}

}  // namespace heddle::diffusion
