#include "nodes/latent_fit.h"

#include <ATen/ATen.h>

#include <stdexcept>

#include "nodes/diffusion/batch.h"
#include "nodes/diffusion/resize.h"
#include "nodes/tensor_checks.h"

namespace heddle {

Latent with_samples(const Latent& latent, const at::Tensor& samples) {
  Latent changed = latent;
  changed.samples = samples.contiguous();
  return changed;
}

at::Tensor fit_size(const Latent& latent, const Latent& target) {
  check_not_empty(latent, "the second latent");
  check_not_empty(target, "the first latent");
  const at::Tensor &x = latent.samples, &like = target.samples;
  if (x.size(1) != like.size(1)) {
    throw std::runtime_error("one latent has " + std::to_string(like.size(1)) + " channels, the other " +
                             std::to_string(x.size(1)) + ": they belong to different models");
  }
  if (x.size(2) == like.size(2) && x.size(3) == like.size(3)) return x;
  return diffusion::resize(x, "bilinear", like.size(3), like.size(2), true);
}

at::Tensor fit_size_and_batch(const Latent& latent, const Latent& target) {
  return diffusion::repeat_to_batch(fit_size(latent, target), target.samples.size(0));
}

}  // namespace heddle
