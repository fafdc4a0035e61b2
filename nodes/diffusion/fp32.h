// Functions of single numbers as libtorch computes them for tensors. The C library's are often one
// unit in the last place off, which is enough to pick another timestep half-way between two, and
// then another picture.
#pragma once

namespace heddle::diffusion::fp32 {

float exp(float x);
float expm1(float x);
float log(float x);
float sqrt(float x);
float pow(float x, double exponent);

}  // namespace heddle::diffusion::fp32
