// Random choices inside of the network that are the same whenever the same picture is made again:
// they depend on a seed, the place and the noise level, never on what was computed before.
#pragma once

#include <cstdint>
#include <random>

#include "nodes/diffusion/unet_hooks.h"

namespace heddle::diffusion {

std::mt19937_64 random_at(uint64_t seed, const UNetPlace& place);

}  // namespace heddle::diffusion
