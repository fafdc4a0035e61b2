// Gaussian noise as PyTorch's CPU generator makes it: MT19937 seeded with the low 32 bits of the
// seed. A picture is its seed, so the stream of draws and their order are part of the result.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace heddle::diffusion {

/// The next draw of unit noise out of a stream, in the shape of a latent and in the order of its
/// values in memory.
using DrawNoise = std::function<at::Tensor(const at::Tensor& like)>;

/// Unit noise for the step between two levels; see BrownianPath::noise.
using NoiseBetween = std::function<at::Tensor(float from, float to)>;

at::Generator make_generator(uint64_t seed);

/// Starting noise [B, C, H, W]. With `batch_index` (one a picture) the draws of a batch of one are
/// made in order, and picture k takes draw batch_index[k]: a picture out of a batch can be made
/// again alone. Throws std::runtime_error if there is not one index a picture, or one is negative.
at::Tensor starting_noise(at::IntArrayRef shape, at::Generator& generator,
                          const std::vector<int64_t>& batch_index = {});

/// The draws that follow from a generator.
DrawNoise noise_stream(at::Generator generator);

/// What samplers draw from.
struct SamplerNoise {
  DrawNoise ancestral;   // a stream of its own from the same seed: its first draw is the starting
                         // noise of an unindexed batch
  DrawNoise further;     // goes on where the starting noise stopped
  NoiseBetween between;  // along a Brownian path
};

}  // namespace heddle::diffusion
