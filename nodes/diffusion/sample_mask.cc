#include "nodes/diffusion/sample_mask.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <stdexcept>

#include "nodes/diffusion/batch.h"
#include "nodes/diffusion/resize.h"

namespace heddle::diffusion {

Denoiser inpaint(const Denoiser& denoiser, Inpainting keep) {
  return Denoiser(
      [&denoiser, keep = std::move(keep)](const at::Tensor& x, float sigma, bool with_negative) {
        if (x.sizes() != keep.latent.sizes()) {
          throw std::runtime_error(
              "a sampler that changes the size of the latent cannot paint under a mask: remove the "
              "noise mask, or take another sampler");
        }
        const at::Tensor mask = keep.mask(sigma), kept = 1 - mask;
        const at::Tensor noisy = keep.noise * sigma + keep.latent;
        Guess guess = denoiser.guess(x * mask + noisy * kept, sigma, with_negative);
        guess.denoised = guess.denoised * mask + keep.latent * kept;
        return guess;
      });
}

at::Tensor fit_mask(const at::Tensor& mask, const at::Tensor& latent) {
  const at::Tensor fitted = resize(mask, "bilinear", latent.size(3), latent.size(2), false);
  return repeat_to_batch(fitted, latent.size(0));
}

std::function<at::Tensor(float sigma)> differential_mask(at::Tensor mask, double strength,
                                                         const Sigmas& sigmas,
                                                         const ModelSampling& sampling) {
  const float first = sampling.timestep(sigmas.front());
  const float last = sampling.timestep(std::max(sigmas.back(), sampling.sigma_min()));
  return [=, mask = std::move(mask)](float sigma) {
    const float left = (sampling.timestep(sigma) - last) / (first - last);
    const at::Tensor binary = mask.ge(left).to(mask.scalar_type());
    if (strength <= 0 || strength >= 1) return binary;
    return strength * binary + (1 - strength) * mask;
  };
}

}  // namespace heddle::diffusion
