#include "nodes/diffusion/noise_seeds.h"

namespace heddle::diffusion {
namespace {

/// A hash whose constant changes with every use.
class RunningHash {
 public:
  RunningHash(uint32_t start, uint32_t factor) : constant_(start), factor_(factor) {}
  uint32_t operator()(uint32_t value) {
    value ^= constant_;
    constant_ *= factor_;
    value *= constant_;
    return value ^ (value >> 16);
  }

 private:
  uint32_t constant_, factor_;
};

uint32_t mix(uint32_t a, uint32_t b) {
  const uint32_t mixed = a * 0xca01f9ddu - b * 0x4973f715u;
  return mixed ^ (mixed >> 16);
}

/// 32 bits a word, the low ones first, without leading zeros.
void append_words(std::vector<uint32_t>& words, uint64_t value) {
  words.push_back(uint32_t(value));
  if (value >> 32 != 0) words.push_back(uint32_t(value >> 32));
}

}  // namespace

SeedSequence::SeedSequence(uint64_t entropy, const std::vector<uint64_t>& spawn_key) {
  std::vector<uint32_t> words;
  append_words(words, entropy);
  words.resize(pool_.size());
  for (const uint64_t key : spawn_key) append_words(words, key);

  RunningHash hash(0x43b0d7e5u, 0x931e8875u);
  for (size_t i = 0; i < pool_.size(); ++i) pool_[i] = hash(words[i]);
  for (size_t source = 0; source < pool_.size(); ++source) {
    for (size_t target = 0; target < pool_.size(); ++target) {
      if (source != target) pool_[target] = mix(pool_[target], hash(pool_[source]));
    }
  }
  for (size_t i = pool_.size(); i < words.size(); ++i) {
    for (uint32_t& target : pool_) target = mix(target, hash(words[i]));
  }
}

std::vector<uint32_t> SeedSequence::state(size_t count) const {
  RunningHash hash(0x8b51f9ddu, 0x58f38dedu);
  std::vector<uint32_t> words;
  for (size_t k = 0; k < count; ++k) words.push_back(hash(pool_[k % pool_.size()]));
  return words;
}

}  // namespace heddle::diffusion
