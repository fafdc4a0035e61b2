#include "nodes/diffusion/noise.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace heddle::diffusion {
namespace {

void check_indices(const std::vector<int64_t>& batch_index, int64_t batch) {
  if (int64_t(batch_index.size()) != batch) {
    throw std::runtime_error("the latent has " + std::to_string(batch) + " pictures but " +
                             std::to_string(batch_index.size()) +
                             " batch indices: give one a picture, or none");
  }
  const int64_t lowest = *std::min_element(batch_index.begin(), batch_index.end());
  if (lowest < 0) {
    throw std::runtime_error("batch index " + std::to_string(lowest) +
                             " is negative: indices count the pictures of a batch from 0");
  }
}

}  // namespace

at::Generator make_generator(uint64_t seed) { return at::detail::createCPUGenerator(seed); }

at::Tensor starting_noise(at::IntArrayRef shape, at::Generator& generator,
                          const std::vector<int64_t>& batch_index) {
  if (batch_index.empty()) return at::randn(shape, generator);
  check_indices(batch_index, shape[0]);
  std::vector<int64_t> one = shape.vec();
  one[0] = 1;
  at::Tensor noise = at::empty(shape);
  const int64_t last = *std::max_element(batch_index.begin(), batch_index.end());
  for (int64_t draw = 0; draw <= last; ++draw) {
    const at::Tensor picture = at::randn(one, generator);
    for (size_t k = 0; k < batch_index.size(); ++k) {
      if (batch_index[k] == draw) noise[int64_t(k)] = picture[0];
    }
  }
  return noise;
}

DrawNoise noise_stream(at::Generator generator) {
  return [generator = std::move(generator)](const at::Tensor& like) mutable {
    return at::empty_like(like).normal_(0, 1, generator);
  };
}

}  // namespace heddle::diffusion
