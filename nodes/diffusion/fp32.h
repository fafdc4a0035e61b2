// Functions of single numbers as libtorch computes them for tensors. The C library's are often one
// unit in the last place off, which is enough to pick another timestep half-way between two, and
// then another picture.
#pragma once

#include <vector>

namespace heddle::diffusion::fp32 {

float atan(float x);
float exp(float x);
float expm1(float x);
float log(float x);
float pow(float x, double exponent);
float sqrt(float x);
float tan(float x);

/// `count` values from first to last.
std::vector<float> linspace(double first, double last, int count);

}  // namespace heddle::diffusion::fp32
