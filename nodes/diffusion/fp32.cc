#include "nodes/diffusion/fp32.h"

#include <ATen/ATen.h>

namespace heddle::diffusion::fp32 {
namespace {

at::Tensor tensor(float x) { return at::scalar_tensor(x, at::kFloat); }

}  // namespace

float exp(float x) { return tensor(x).exp().item<float>(); }
float expm1(float x) { return tensor(x).expm1().item<float>(); }
float log(float x) { return tensor(x).log().item<float>(); }
float sqrt(float x) { return tensor(x).sqrt().item<float>(); }
float pow(float x, double exponent) { return tensor(x).pow(exponent).item<float>(); }

}  // namespace heddle::diffusion::fp32
