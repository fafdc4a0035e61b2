#include "nodes/diffusion/place_random.h"

#include <bit>

namespace heddle::diffusion {
namespace {

/// Steele et al. 2014, "Fast Splittable Pseudorandom Number Generators".
uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

std::mt19937_64 random_at(uint64_t seed, const UNetPlace& place) {
  uint64_t state = seed;
  for (const uint64_t part : {uint64_t(place.stage), uint64_t(place.block), uint64_t(place.layer),
                              uint64_t(std::bit_cast<uint32_t>(place.sigma))}) {
    state = mix(state ^ part);
  }
  return std::mt19937_64(state);
}

}  // namespace heddle::diffusion
