#include "nodes/diffusion/fp32.h"

#include <ATen/ATen.h>

namespace heddle::diffusion::fp32 {
namespace {

at::Tensor tensor(float x) { return at::scalar_tensor(x, at::kFloat); }

}  // namespace

float atan(float x) { return tensor(x).atan().item<float>(); }
float exp(float x) { return tensor(x).exp().item<float>(); }
float expm1(float x) { return tensor(x).expm1().item<float>(); }
float log(float x) { return tensor(x).log().item<float>(); }
float pow(float x, double exponent) { return tensor(x).pow(exponent).item<float>(); }
float sqrt(float x) { return tensor(x).sqrt().item<float>(); }
float tan(float x) { return tensor(x).tan().item<float>(); }

std::vector<float> linspace(double first, double last, int count) {
  const at::Tensor values = at::linspace(first, last, count, at::kFloat);
  const float* begin = values.const_data_ptr<float>();
  return {begin, begin + count};
}

}  // namespace heddle::diffusion::fp32
