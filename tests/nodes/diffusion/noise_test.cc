#include "nodes/diffusion/noise.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/diffusion/sample.h"
#include "tests/support/golden.h"

namespace heddle::diffusion {
namespace {

using test::golden_json;
using test::golden_tensors;
using test::max_difference;

constexpr double kTolerance = 2e-6;  // libtorch's own logarithms and cosines differ by as much

void expect_same_noise(const at::Tensor& actual, const at::Tensor& expected) {
  EXPECT_LE(test::measured("noise, draws", max_difference(actual, expected), kTolerance), kTolerance);
}

uint64_t seed_of(const nlohmann::json& c) { return std::stoull(c.at("seed").get<std::string>()); }

TEST(Noise, StartsAsTheReferencesForEverySeedAndShape) {
  const auto tensors = golden_tensors("noise/noise.safetensors");
  const auto index = golden_json("noise/noise.json");
  for (const auto& c : index["seeds"]) {
    for (const auto& noise : c["noise"]) {
      at::Generator generator = make_generator(seed_of(c));
      const at::Tensor drawn =
          starting_noise(noise["shape"].get<std::vector<int64_t>>(), generator);
      SCOPED_TRACE(noise["data"].get<std::string>());
      expect_same_noise(drawn, tensors.at(noise["data"]));
    }
  }
}

TEST(Noise, OfALargeLatentIsTheReferences) {
  const auto big = golden_json("noise/noise.json")["big"];
  at::Generator generator = make_generator(seed_of(big));
  const at::Tensor drawn =
      starting_noise(big["shape"].get<std::vector<int64_t>>(), generator).flatten();
  const at::Tensor first = at::tensor(big["first"].get<std::vector<float>>());
  const at::Tensor last = at::tensor(big["last"].get<std::vector<float>>());
  expect_same_noise(drawn.narrow(0, 0, first.numel()), first);
  expect_same_noise(drawn.narrow(0, drawn.numel() - last.numel(), last.numel()), last);
  EXPECT_NEAR(drawn.to(at::kDouble).sum().item<double>(), big["sum"].get<double>(), 0.01);
}

TEST(Noise, APictureOfABatchTakesTheDrawOfItsIndex) {
  const auto tensors = golden_tensors("noise/noise.safetensors");
  const auto index = golden_json("noise/noise.json");
  for (const auto& c : index["batch_index"]) {
    at::Generator generator = make_generator(seed_of(c));
    const at::Tensor drawn = starting_noise(c["shape"].get<std::vector<int64_t>>(), generator,
                                            c["batch_index"].get<std::vector<int64_t>>());
    SCOPED_TRACE(c["data"].get<std::string>());
    expect_same_noise(drawn, tensors.at(c["data"]));
  }
}

TEST(Noise, AncestralDrawsAreAStreamThatBeginsWithTheStartingNoise) {
  const auto tensors = golden_tensors("noise/noise.safetensors");
  const auto index = golden_json("noise/noise.json");
  for (const auto& c : index["draws"]) {
    const auto shape = c["shape"].get<std::vector<int64_t>>();
    const at::Tensor expected = tensors.at(c["draws"]);
    const DrawNoise draw = noise_stream(make_generator(seed_of(c)));
    for (int64_t k = 0; k < expected.size(0); ++k) {
      SCOPED_TRACE(c["draws"].get<std::string>() + ", draw " + std::to_string(k));
      expect_same_noise(draw(at::empty(shape)), expected[k]);
    }
  }
}

TEST(Noise, IsDrawnAfterEachModelCallThatNeedsIt) {
  const auto index = golden_json("noise/noise.json");
  const ModelSampling sampling = stable_diffusion_sampling();
  for (const auto& c : index["draw_order"]) {
    std::string order;
    const auto log = [&](char what) {
      order += what;
      return at::zeros({1, 4, 2, 2});
    };
    const Denoiser model([&](const at::Tensor& x, float, bool) -> Guess {
      order += 'M';
      return {x / 2, x / 3};
    });
    const SamplerNoise noise{[&](const at::Tensor&) { return log('D'); },
                             [&](const at::Tensor&) { return log('G'); },
                             [&](float, float) { return log('B'); }};
    run_sampler(sampler_named(c["sampler"].get<std::string>()), model, at::ones({1, 4, 2, 2}),
                make_schedule("karras", sampling, 4), noise, sampling, {});
    // How many steps dpm_adaptive takes depends on the model.
    const std::string expected = c["order"];
    EXPECT_EQ(order.substr(0, 4), expected.substr(0, 4)) << c["sampler"];
    if (c["sampler"] == "dpm_adaptive") continue;
    EXPECT_EQ(order, expected) << c["sampler"];
  }
}

TEST(Noise, ABatchIndexThatDoesNotFitIsAnError) {
  at::Generator generator = make_generator(0);
  EXPECT_THROW(starting_noise({2, 4, 2, 2}, generator, {0}), std::runtime_error);
  EXPECT_THROW(starting_noise({2, 4, 2, 2}, generator, {0, -1}), std::runtime_error);
}

}  // namespace
}  // namespace heddle::diffusion
