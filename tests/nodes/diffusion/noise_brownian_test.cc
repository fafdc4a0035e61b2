#include "nodes/diffusion/noise_brownian.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/diffusion/noise_seeds.h"
#include "tests/support/golden.h"

namespace heddle::diffusion {
namespace {

using test::golden_json;
using test::golden_tensors;
using test::max_difference;
using test::measured;

uint64_t number(const nlohmann::json& text) { return std::stoull(text.get<std::string>()); }

BrownianPath path_of(const nlohmann::json& c) {
  return {c["shape"].get<std::vector<int64_t>>(), number(c["seed"]), c["t0"].get<float>(),
          c["t1"].get<float>()};
}

TEST(SeedSequence, GivesNumPysPoolsAndWords) {
  const auto index = golden_json("noise/noise.json");
  for (const auto& c : index["seed_sequence"]) {
    std::vector<uint64_t> key;
    for (const auto& part : c["spawn_key"]) key.push_back(number(part));
    const SeedSequence sequence(number(c["entropy"]), key);
    EXPECT_THAT(c["pool"].get<std::vector<uint32_t>>(),
                ::testing::ElementsAreArray(sequence.pool()));
    EXPECT_EQ(sequence.state(c["state"].size()), c["state"].get<std::vector<uint32_t>>());
  }
}

TEST(BrownianPath, RoundsLevelsByTheirDecimalDigits) {
  const auto index = golden_json("noise/noise.json");
  for (const auto& pair : index["round6"]) {
    EXPECT_EQ(rounded_level(pair[0].get<double>()), pair[1].get<double>()) << pair;
  }
}

TEST(BrownianPath, GivesTheReferencesIncrementsAndNoise) {
  const auto tensors = golden_tensors("noise/noise.safetensors");
  const auto index = golden_json("noise/noise.json");
  for (const auto& c : index["brownian"]) {
    const BrownianPath path = path_of(c);
    const at::Tensor increments = tensors.at(c["increment"]), noises = tensors.at(c["noise"]);
    for (size_t k = 0; k < c["queries"].size(); ++k) {
      const float from = c["queries"][k][0], to = c["queries"][k][1];
      const double sign = from > to ? -1 : 1;
      const at::Tensor increment = sign * path.increment(std::min(from, to), std::max(from, to));
      const double scale = 1 + increments[int64_t(k)].abs().max().item<double>();
      const double difference = max_difference(increment, increments[int64_t(k)]) / scale;
      EXPECT_LE(measured("noise, Brownian increments", difference, 1e-5), 1e-5)
          << c["increment"] << " " << k;
      const double noise_scale = 1 + noises[int64_t(k)].abs().max().item<double>();
      EXPECT_LE(max_difference(path.noise(from, to), noises[int64_t(k)]), 1e-4 * noise_scale)
          << c["noise"] << " " << k;
    }
  }
}

TEST(BrownianPath, BetweenLevelsThatRoundToTheSameIsZero) {
  const auto index = golden_json("noise/noise.json");
  for (const auto& c : index["brownian_failing"]) {
    const BrownianPath path({1, 4, 2, 2}, number(c["seed"]), c["t0"].get<float>(),
                            c["t1"].get<float>());
    const float from = c["query"][0], to = c["query"][1];
    if (rounded_level(from) != rounded_level(to)) continue;
    EXPECT_TRUE(at::equal(path.noise(from, to), at::zeros({1, 4, 2, 2})));
  }
  EXPECT_TRUE(at::equal(BrownianPath({2}, 1, 0.1, 10).noise(3, 3), at::zeros({2})));
}

TEST(BrownianPath, IncrementsOfPartsAddUpToTheWhole) {
  const BrownianPath path({4, 8}, 7, 0.03, 14.6);
  const at::Tensor parts = path.increment(0.5, 2.25) + path.increment(2.25, 9);
  EXPECT_LE(max_difference(parts, path.increment(0.5, 9)), 1e-5);
}

TEST(BrownianPath, OverAWideRangeNeedsKeysOfTwoWords) {
  const BrownianPath path({16}, 3, 1e-6, 20000);
  const at::Tensor noise = path.noise(12345.678f, 0.0123f);
  EXPECT_LT(noise.abs().max().item<float>(), 6);
  EXPECT_TRUE(at::equal(noise, path.noise(12345.678f, 0.0123f)));
}

TEST(BrownianPath, RefusesLevelsWhoseDigitsItCannotTellApart) {
  EXPECT_THROW(BrownianPath({16}, 3, 1, 1e10), std::runtime_error);
}

}  // namespace
}  // namespace heddle::diffusion
