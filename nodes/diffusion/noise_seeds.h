// Seeds out of seeds: NumPy's SeedSequence (after O'Neill 2015, "Developing a seed_seq
// Alternative"), by which torchsde gives every node of a Brownian tree a stream of its own.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace heddle::diffusion {

/// A pool of 24 words mixed from a seed and a key: the same always, and unrelated to those of other
/// keys.
class SeedSequence {
 public:
  explicit SeedSequence(uint64_t entropy, const std::vector<uint64_t>& spawn_key = {});

  /// The first `count` words of what the pool gives out.
  std::vector<uint32_t> state(size_t count) const;
  const auto& pool() const { return pool_; }

 private:
  std::array<uint32_t, 24> pool_;
};

}  // namespace heddle::diffusion
