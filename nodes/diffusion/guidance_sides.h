// What the network guesses for each side of guidance: positive, negative, and whatever further side
// a rule or a patch wants. Remembers what need not be worked out again at each step.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "nodes/diffusion/guidance.h"
#include "nodes/diffusion/guidance_plan.h"

namespace heddle::diffusion {

constexpr size_t kPositiveSide = 0, kNegativeSide = 1;

class GuidanceSides {
 public:
  /// `unet_hooks` are in every call. Of `guidance` only what the network takes is read.
  GuidanceSides(Predict predict, const ModelSampling& sampling, std::vector<Conditioning> sides,
                Guidance guidance, UNetHooks unet_hooks, Heartbeat heartbeat)
      : predict_(std::move(predict)),
        sampling_(sampling),
        sides_(std::move(sides)),
        guidance_(std::move(guidance)),
        unet_hooks_(std::move(unet_hooks)),
        heartbeat_(std::move(heartbeat)) {}

  /// One guess D(x, sigma) a side, undefined for sides that are not `wanted`, with `further` hooks in
  /// the U-Net. Hooks are told which items of a batch are side `told`.
  std::vector<at::Tensor> guess(const at::Tensor& x, float sigma, std::vector<size_t> wanted, std::optional<size_t> told,
                                const UNetHooks& further = {});

  /// Whether the positive side is composed of prompts, and so needs the negative one.
  bool composes() const;

 private:
  const std::vector<GuidanceBatch>& batches(const at::Tensor& x, float sigma,
                                            const std::vector<size_t>& wanted);
  void tell(UNetCall& call, const GuidanceBatch& batch, const at::Tensor& x, size_t side) const;
  std::vector<at::Tensor> run(const GuidanceBatch& batch, const at::Tensor& x,
                              const UNetCall& call) const;

  Predict predict_;
  ModelSampling sampling_;
  std::vector<Conditioning> sides_;
  Guidance guidance_;
  UNetHooks unet_hooks_;
  Heartbeat heartbeat_;
  std::vector<int64_t> shape_;  // of the latent that parts_ fit
  std::vector<GuidancePart> parts_;
  std::map<std::vector<size_t>, std::vector<GuidanceBatch>> batches_;  // by active parts
};

}  // namespace heddle::diffusion
