// Gaussian noise as PyTorch's CPU generator makes it: MT19937 seeded with the low 32 bits of the seed.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace heddle::diffusion {

at::Generator make_generator(uint64_t seed);

/// Starting noise [B, C, H, W]. With `batch_index` (one a picture) the draws of a batch of one are made in order, and
/// picture k takes draw batch_index[k].
at::Tensor starting_noise(at::IntArrayRef shape, at::Generator& generator,
                          const std::vector<int64_t>& batch_index = {});

}  // namespace heddle::diffusion
